// SPDX-License-Identifier: Apache-2.0
// Input that no client should send: it is refused, and nothing else suffers.
#include "emulated.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

namespace valetkey::emulator::test {
namespace {

constexpr std::string_view good = "GET /_emulator/facts HTTP/1.1\r\nHost: x\r\n\r\n";

/// Whether the emulator still serves.
bool well(const Emulated& box) {
  return ask_raw(box.url(), good).status == 200;
}

TEST(Hostile, MessagesThatCouldSmuggleAnotherAreRefused) {
  const Emulated box;
  for (const std::string_view bytes :
       {"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: "
        "6\r\n\r\nabcde",
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: "
        "5\r\n\r\n0\r\n\r\n",
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\nabcde",
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nabcde",
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: "
        "99999999999999999999999999\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: x\r\n\r\n", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nBad\x01Name: y\r\n\r\n", "rubbish\r\n\r\n"}) {
    const auto answer = ask_raw(box.url(), bytes);

    EXPECT_GE(answer.status, 400) << bytes;
    EXPECT_LT(answer.status, 600) << bytes;
    EXPECT_EQ(answer.header("Connection"), "close") << bytes;
  }
  EXPECT_TRUE(well(box));
}

TEST(Hostile, AHeadThatIsTooLargeIsRefused) {
  const Emulated box;

  const auto answer = ask_raw(box.url(), "GET / HTTP/1.1\r\nHost: x\r\nA: " +
                                             std::string(std::size_t{64} * 1024, 'a') + "\r\n\r\n");

  EXPECT_EQ(answer.status, 431);
  EXPECT_TRUE(well(box));
}

TEST(Hostile, ABodyThatIsTooLargeIsRefusedByItsHead) {
  const Emulated box;

  const auto form = ask_raw(
      box.url(), "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n");
  const auto upload = ask_raw(
      box.url(),
      "POST /api/2.0/files/content HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n");

  EXPECT_EQ(form.status, 413);
  EXPECT_EQ(upload.status, 413);
}

TEST(Hostile, ABodyInChunksIsHeldToTheSameLimit) {
  const Emulated box;
  std::string bytes =
      "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int chunk = 0; chunk < 20; ++chunk)
    bytes += "10000\r\n" + std::string(65536, 'a') + "\r\n";

  EXPECT_EQ(ask_raw(box.url(), bytes + "0\r\n\r\n").status, 413);
}

TEST(Hostile, AFormInSmallChunksIsRead) {
  const Emulated box;
  std::string bytes =
      "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: " + std::string(form_type) +
      "\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char letter : "grant_type=refresh_token" + box.client() + "&refresh_token=x") {
    bytes += std::string("1\r\n") + letter + "\r\n";
  }

  EXPECT_EQ(ask_raw(box.url(), bytes + "0\r\n\r\n").text("error"), "invalid_grant");
}

TEST(Hostile, AClientThatAsksFirstIsToldToGoOn) {
  const Emulated box;
  RawConnection connection(box.url());
  connection.write(
      "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: " + std::string(form_type) +
      "\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");

  const auto go_on = connection.read();
  connection.write("a=b");

  EXPECT_EQ(go_on.status, 100);
  EXPECT_EQ(connection.read().text("error"), "invalid_request");
}

TEST(Hostile, RequestsInOneBreathAreAnsweredInOrder) {
  const Emulated box;
  RawConnection connection(box.url());
  connection.write(std::string(good) + "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" +
                   std::string(good));

  EXPECT_EQ(connection.read().status, 200);
  EXPECT_EQ(connection.read().status, 404);
  EXPECT_EQ(connection.read().status, 200);
}

TEST(Hostile, HeadHasNoBody) {
  const Emulated box;
  RawConnection connection(box.url());
  connection.write("HEAD /nothing HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(good));

  const auto head = connection.read(true);

  EXPECT_EQ(head.status, 404);
  EXPECT_GT(head.announced, 0U);
  EXPECT_EQ(connection.read().status, 200);
}

TEST(Hostile, AConnectionThatEndsMidwayHarmsNobody) {
  const Emulated box;
  for (std::size_t length = 1; length < good.size(); length += 3) {
    const RawConnection connection(box.url());
    connection.write(good.substr(0, length));
  }

  EXPECT_TRUE(well(box));
}

TEST(Hostile, RandomBytesHarmNobody) {
  const Emulated box;
  std::minstd_rand source(19);
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    for (int at = 0; at < 200; ++at)
      bytes += static_cast<char>(source() & 255U);
    const RawConnection connection(box.url());
    connection.write(bytes);
    connection.half_close();
  }

  EXPECT_TRUE(well(box));
}

TEST(Hostile, DeepJsonIsRefused) {
  const Emulated box;
  const std::string deep(100'000, '[');

  EXPECT_EQ(box.control("faults", deep).status, 400);
  EXPECT_EQ(box.call("POST", "/2.0/folders", box.service_token(), deep).status, 400);
}

TEST(Hostile, ManyAtOnceAreAllAnswered) {
  const Emulated box;
  std::vector<std::jthread> threads;
  std::vector<int> answered(8);
  for (std::size_t at = 0; at < answered.size(); ++at) {
    threads.emplace_back([&, at] {
      for (int round = 0; round < 20; ++round) {
        if (box.ask_for("enterprise", box.facts().enterprise_id).status == 200) ++answered[at];
      }
    });
  }
  threads.clear();

  for (const int count : answered)
    EXPECT_EQ(count, 20);
  EXPECT_EQ(box.ledger().at("live_tokens").as_array().size(), 160U);
}

TEST(Hostile, StoppingWithOpenConnectionsIsClean) {
  auto box = std::make_unique<Emulated>();
  const RawConnection idle(box->url());
  RawConnection delayed(box->url());
  EXPECT_EQ(box->control("faults", R"([{"action":{"delay_ms":600000}}])").status, 200);
  delayed.write("GET /2.0/users/me HTTP/1.1\r\nHost: x\r\n\r\n");

  box.reset();

  EXPECT_EQ(delayed.read().status, 0);
}

}  // namespace
}  // namespace valetkey::emulator::test
