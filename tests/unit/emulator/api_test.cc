// SPDX-License-Identifier: Apache-2.0
// The content API: who is let in, and what people, folders and files look like.
#include "emulated.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace valetkey::emulator::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string upload_body(const std::string& attributes, const std::string& content) {
  return "--b\r\nContent-Disposition: form-data; name=\"attributes\"\r\n\r\n" + attributes +
         "\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n"
         "Content-Type: application/octet-stream\r\n\r\n" +
         content + "\r\n--b--\r\n";
}

Answer upload(const Emulated& box, const std::string& token, const std::string& path,
              const std::string& attributes, const std::string& content,
              const std::string& digest = {}) {
  Headers headers = {{"Authorization", "Bearer " + token},
                     {"Content-Type", "multipart/form-data; boundary=\"b\""}};
  if (!digest.empty()) headers.emplace_back("content-md5", digest);
  return ask(box.url(), "POST", path, headers, upload_body(attributes, content));
}

/// The bytes of a file, by way of the redirect and without a token at its end.
Answer download(const Emulated& box, const std::string& token, const std::string& id) {
  const auto redirect = box.get("/2.0/files/" + id + "/content", token);
  const auto location = redirect.header("Location");
  if (!location.starts_with(box.url())) return redirect;
  return ask(box.url(), "GET", location.substr(box.url().size()));
}

std::vector<std::string> ids_of(const Answer& page) {
  std::vector<std::string> ids;
  const auto value = page.json();
  for (const auto& entry : value.at("entries").as_array()) {
    ids.emplace_back(entry.at("id").as_string());
  }
  return ids;
}

TEST(ApiDoor, ABogusTokenGetsTheExact401WithoutABody) {
  const Emulated box;

  const auto answer = box.get("/2.0/users/me", "bogus");

  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.header("WWW-Authenticate"),
            "Bearer realm=\"Service\", error=\"invalid_token\", error_description=\"The access "
            "token provided is invalid.\"");
  EXPECT_TRUE(answer.body.empty());
  EXPECT_EQ(answer.header("Content-Length"), "0");
  EXPECT_FALSE(answer.header("Date").empty());
  EXPECT_THAT(answer.header("BOX-REQUEST-ID"), MatchesRegex("[0-9a-f]{33}"));
}

TEST(ApiDoor, WithoutATokenThereIsABareChallenge) {
  const Emulated box;

  const auto none = ask(box.url(), "GET", "/2.0/users/me");
  const auto basic = ask(box.url(), "GET", "/2.0/users/me", {{"Authorization", "Basic eDp5"}});
  const auto two = ask(box.url(), "GET", "/2.0/users/me",
                       {{"Authorization", "Bearer a"}, {"Authorization", "Bearer b"}});

  for (const auto* const answer : {&none, &basic, &two}) {
    EXPECT_EQ(answer->status, 401);
    EXPECT_EQ(answer->header("WWW-Authenticate"), "Bearer realm=\"Service\"");
    EXPECT_TRUE(answer->body.empty());
  }
}

TEST(ApiDoor, AnEmptyBearerIsABadRequest) {
  const Emulated box;

  EXPECT_EQ(ask(box.url(), "GET", "/2.0/users/me", {{"Authorization", "Bearer "}}).status, 400);
}

TEST(ApiDoor, TheSchemeComparesWithoutCase) {
  const Emulated box;

  const auto answer =
      ask(box.url(), "GET", "/2.0/users/me", {{"authorization", "bearer " + box.service_token()}});

  EXPECT_EQ(answer.status, 200);
}

TEST(ApiDoor, ATokenDiesWithItsLifetime) {
  const Emulated box({.token_life = std::chrono::seconds(100)});
  const auto token = box.service_token();

  EXPECT_EQ(box.get("/2.0/users/me", token).status, 200);
  box.emulator->advance_clock(std::chrono::seconds(101));

  EXPECT_EQ(box.get("/2.0/users/me", token).status, 401);
}

TEST(ApiDoor, ErrorsHaveTheStandardShape) {
  const Emulated box;

  const auto answer = box.get("/2.0/files/999", box.service_token());

  const auto value = answer.json();
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(value.at("type"), "error");
  EXPECT_EQ(value.at("status"), 404);
  EXPECT_EQ(value.at("code"), "not_found");
  EXPECT_TRUE(value.at("context_info").is_object());
  EXPECT_TRUE(value.at("help_url").is_string());
  EXPECT_THAT(answer.text("request_id"), MatchesRegex("[0-9a-f]{16}"));
}

TEST(ApiDoor, MalformedIdsAre405) {
  const Emulated box;
  const auto token = box.service_token();

  EXPECT_EQ(box.get("/2.0/files/abc", token).status, 405);
  EXPECT_EQ(box.get("/2.0/folders/abc", token).status, 405);
}

TEST(AsUser, LetsTheServiceAccountAndTheAdminActForOthers) {
  const Emulated box;
  const auto admin = box.ask_for("user", box.facts().admin_id).text("access_token");
  for (const auto& token : {box.service_token(), admin}) {
    const auto answer =
        ask(box.url(), "GET", "/2.0/users/me",
            {{"Authorization", "Bearer " + token}, {"as-user", box.facts().user_ids[1]}});

    EXPECT_EQ(answer.text("id"), box.facts().user_ids[1]);
  }
}

TEST(AsUser, IsRefusedToOthersAndForWhoIsNobody) {
  const Emulated box;
  const auto as = [&](const std::string& token, const std::string& id) {
    return ask(box.url(), "GET", "/2.0/users/me",
               {{"Authorization", "Bearer " + token}, {"As-User", id}})
        .status;
  };

  EXPECT_EQ(as(box.user_token(0), box.facts().user_ids[1]), 403);
  EXPECT_EQ(as(box.service_token(), "12"), 403);
  EXPECT_EQ(as(box.user_token(0), box.facts().service_account_id), 403);
  EXPECT_EQ(as(box.exchange(box.service_token(), "root_readonly").text("access_token"),
               box.facts().user_ids[1]),
            403);
}

TEST(Users, MeShowsWhatIsAskedFor) {
  const Emulated box;
  const auto token = box.user_token(0);

  const auto whole = box.get("/2.0/users/me", token).json();
  const auto some = box.get("/2.0/users/me?fields=name,enterprise", token).json();

  EXPECT_EQ(whole.at("id").as_string(), box.facts().user_ids[0]);
  EXPECT_EQ(whole.at("type"), "user");
  EXPECT_FALSE(whole.contains("enterprise"));
  EXPECT_EQ(some.size(), 4U);
  EXPECT_EQ(some.at("enterprise").at("id").as_string(), box.facts().enterprise_id);
}

TEST(Users, AreListedToWhoManagesThem) {
  const Emulated box;

  const auto all = box.get("/2.0/users", box.service_token());
  const auto page = box.get("/2.0/users?limit=2&offset=1", box.service_token());
  const auto filtered = box.get("/2.0/users?filter_term=ben%40", box.service_token());
  const auto refused = box.get(
      "/2.0/users", box.exchange(box.service_token(), "root_readonly").text("access_token"));

  EXPECT_EQ(all.json().at("total_count"), 4);
  EXPECT_EQ(ids_of(page).size(), 2U);
  EXPECT_EQ(ids_of(page)[0], ids_of(all)[1]);
  EXPECT_EQ(ids_of(filtered).size(), 1U);
  EXPECT_EQ(refused.status, 403);
}

TEST(Users, AnAppUserIsMadeAndGetsTokens) {
  const Emulated box;

  const auto made = box.call("POST", "/2.0/users", box.service_token(),
                             R"({"name":"Robot","is_platform_access_only":true})");
  const auto token = box.ask_for("user", made.text("id")).text("access_token");

  EXPECT_EQ(made.status, 201);
  EXPECT_THAT(made.text("login"), MatchesRegex("AppUser_.*@boxdevedition.com"));
  EXPECT_EQ(box.get("/2.0/users/me", token).text("id"), made.text("id"));
  EXPECT_EQ(box.get("/2.0/users/" + made.text("id"), box.service_token()).status, 200);
}

TEST(Users, MayLookAtThemselvesWithoutManaging) {
  const Emulated box;
  const auto child = box.exchange(box.user_token(0), "root_readonly").text("access_token");

  EXPECT_EQ(box.get("/2.0/users/" + box.facts().user_ids[0], child).status, 200);
  EXPECT_EQ(box.get("/2.0/users/" + box.facts().user_ids[1], child).status, 403);
}

TEST(Folders, RootIsTheSameForEveryone) {
  const Emulated box;
  const auto admin = box.ask_for("user", box.facts().admin_id).text("access_token");
  for (const auto& token : {box.service_token(), admin, box.user_token(2)}) {
    const auto root = box.get("/2.0/folders/0", token).json();

    EXPECT_EQ(root.at("name"), "All Files");
    EXPECT_TRUE(root.at("etag").is_null());
    EXPECT_TRUE(root.at("parent").is_null());
    EXPECT_EQ(root.at("item_collection").at("total_count"), 4);
    EXPECT_EQ(box.get("/2.0/files/" + box.facts().root_file_ids[0] + "/content", token).status,
              302);
  }
}

TEST(Folders, ItemsArePagedByOffset) {
  const Emulated box;
  const auto token = box.service_token();

  const auto all = box.get("/2.0/folders/0/items", token);
  const auto page = box.get("/2.0/folders/0/items?offset=1&limit=2&fields=name,size", token);

  const auto value = page.json();
  EXPECT_EQ(value.at("total_count"), 4);
  EXPECT_EQ(value.at("offset"), 1);
  EXPECT_EQ(value.at("limit"), 2);
  EXPECT_THAT(ids_of(page), ElementsAre(ids_of(all)[1], ids_of(all)[2]));
  EXPECT_EQ(value.at("entries").at(0).as_object().size(), 5U);
  EXPECT_EQ(all.json().at("entries").at(0).at("type"), "folder");
}

TEST(Folders, ItemsArePagedByMarker) {
  const Emulated box;
  const auto token = box.service_token();
  std::vector<std::string> seen;
  std::string marker;
  do {
    const auto page = box.get(
        "/2.0/folders/0/items?usemarker=true&limit=3" + (marker.empty() ? "" : "&marker=" + marker),
        token);
    EXPECT_FALSE(page.json().contains("total_count"));
    for (const auto& id : ids_of(page))
      seen.push_back(id);
    marker = page.text("next_marker");
  } while (!marker.empty() && seen.size() < 100);

  EXPECT_EQ(seen, ids_of(box.get("/2.0/folders/0/items", token)));
}

TEST(Folders, AreMadeRenamedMovedAndDeleted) {
  const Emulated box;
  const auto token = box.user_token(0);

  const auto made =
      box.call("POST", "/2.0/folders", token, R"({"name":"New","parent":{"id":"0"}})");
  const auto path = "/2.0/folders/" + made.text("id");
  const auto clash =
      box.call("POST", "/2.0/folders", token, R"({"name":"New","parent":{"id":"0"}})");
  const auto moved = box.call(
      "PUT", path, token, R"({"name":"Newer","parent":{"id":")" + box.facts().folder_id + R"("}})");
  const auto deleted = box.call("DELETE", path, token);

  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(clash.status, 409);
  EXPECT_EQ(clash.text("code"), "item_name_in_use");
  EXPECT_EQ(moved.text("name"), "Newer");
  EXPECT_EQ(moved.json().at("parent").at("id").as_string(), box.facts().folder_id);
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(box.get(path, token).status, 404);
}

TEST(Folders, ThatAreNotEmptyAreDeletedOnlyRecursively) {
  const Emulated box;
  const auto token = box.service_token();
  const auto path = "/2.0/folders/" + box.facts().folder_id;

  const auto refused = box.call("DELETE", path, token);
  const auto deleted = box.call("DELETE", path + "?recursive=true", token);

  EXPECT_EQ(refused.text("code"), "folder_not_empty");
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(box.get("/2.0/files/" + box.facts().folder_file_ids[0], token).status, 404);
}

TEST(Folders, CannotBeMovedIntoThemselves) {
  const Emulated box;
  const auto token = box.service_token();
  const auto inner =
      box.call("POST", "/2.0/folders", token,
               R"({"name":"in","parent":{"id":")" + box.facts().folder_id + R"("}})");

  const auto moved = box.call("PUT", "/2.0/folders/" + box.facts().folder_id, token,
                              R"({"parent":{"id":")" + inner.text("id") + R"("}})");

  EXPECT_EQ(moved.status, 400);
  EXPECT_EQ(box.get("/2.0/folders/" + box.facts().folder_id, token).status, 200);
}

TEST(Folders, CannotNestWithoutEnd) {
  const Emulated box;
  const auto token = box.service_token();
  std::string parent = "0";
  int status = 201;
  int depth = 0;
  while (status == 201 && depth < 200) {
    const auto made = box.call("POST", "/2.0/folders", token,
                               R"({"name":"d","parent":{"id":")" + parent + R"("}})");
    status = made.status;
    parent = made.text("id");
    ++depth;
  }

  EXPECT_EQ(status, 403);
  EXPECT_LT(depth, 100);
}

TEST(Folders, RootCannotBeChanged) {
  const Emulated box;
  const auto token = box.service_token();

  EXPECT_EQ(box.call("PUT", "/2.0/folders/0", token, R"({"name":"x"})").status, 403);
  EXPECT_EQ(box.call("DELETE", "/2.0/folders/0?recursive=true", token).status, 403);
}

TEST(Files, ShowTheirPropertiesAndAncestors) {
  const Emulated box;

  const auto file =
      box.get("/2.0/files/" + box.facts().folder_file_ids[0], box.service_token()).json();

  const auto& path = file.at("path_collection").as_object();
  EXPECT_EQ(path.at("total_count"), 2);
  EXPECT_EQ(path.at("entries").at(0).at("id"), "0");
  EXPECT_EQ(path.at("entries").at(1).at("id").as_string(), box.facts().folder_id);
  EXPECT_EQ(file.at("item_status"), "active");
  EXPECT_EQ(file.at("sha1").as_string().size(), 40U);
  EXPECT_TRUE(file.at("shared_link").is_null());
}

TEST(Files, AreUploadedDownloadedAndReplaced) {
  const Emulated box;
  const auto token = box.service_token();
  const std::string binary("\r\n--x-not\0\xff\r\n\r\n", 15);

  const auto made = upload(box, token, "/api/2.0/files/content",
                           R"({"name":"a.bin","parent":{"id":"0"}})", binary);
  const auto id = std::string(made.json().at("entries").at(0).at("id").as_string());
  const auto first = download(box, token, id);
  const auto replaced =
      upload(box, token, "/api/2.0/files/" + id + "/content", R"({"name":"b.bin"})", "second");
  const auto second = download(box, token, id);

  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.json().at("total_count"), 1);
  EXPECT_EQ(first.body, binary);
  EXPECT_EQ(replaced.status, 201);
  EXPECT_EQ(replaced.json().at("entries").at(0).at("etag"), "1");
  EXPECT_EQ(replaced.json().at("entries").at(0).at("name"), "b.bin");
  EXPECT_EQ(second.body, "second");
}

TEST(Files, OfSixtyFourMebibytesGoUpAndDown) {
  const Emulated box;
  const auto token = box.service_token();
  std::string content(std::size_t{64} * 1024 * 1024, 'x');
  for (std::size_t at = 0; at < content.size(); at += 4093) {
    content[at] = static_cast<char>('a' + at % 23);
  }

  const auto made =
      upload(box, token, "/api/2.0/files/content", R"({"name":"large","parent":{"id":"0"}})",
             content, crypto::sha1_hex(content));
  ASSERT_EQ(made.status, 201) << made.body;
  const auto id = std::string(made.json().at("entries").at(0).at("id").as_string());

  EXPECT_TRUE(download(box, token, id).body == content);
}

TEST(Files, UploadsAreHeldToTheirDigest) {
  const Emulated box;
  const auto token = box.service_token();

  const auto wrong = upload(box, token, "/2.0/files/content", R"({"name":"x","parent":{"id":"0"}})",
                            "abc", std::string(40, '0'));
  const auto right = upload(box, token, "/2.0/files/content", R"({"name":"x","parent":{"id":"0"}})",
                            "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");

  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(wrong.text("code"), "bad_digest");
  EXPECT_EQ(right.status, 201);
}

TEST(Files, BadUploadsSayWhatIsWrong) {
  const Emulated box;
  const auto token = box.service_token();
  const auto tried = [&](const std::string& attributes) {
    return upload(box, token, "/2.0/files/content", attributes, "abc");
  };

  EXPECT_EQ(tried(R"({"name":"welcome.txt","parent":{"id":"0"}})").status, 409);
  EXPECT_EQ(tried(R"({"name":"x","parent":{"id":"77"}})").status, 404);
  EXPECT_EQ(tried(R"({"name":"x"})").status, 400);
  EXPECT_EQ(tried(R"({"name":"a/b","parent":{"id":"0"}})").text("code"), "item_name_invalid");
  EXPECT_EQ(tried("rubbish").status, 400);
  EXPECT_EQ(box.call("POST", "/2.0/files/content", token, "rubbish").status, 400);
}

TEST(Files, PreflightSaysWhetherAnUploadWouldBeTaken) {
  const Emulated box;
  const auto token = box.service_token();

  const auto good = box.call("OPTIONS", "/2.0/files/content", token,
                             R"({"name":"new","parent":{"id":"0"},"size":3})");
  const auto clash = box.call("OPTIONS", "/2.0/files/content", token,
                              R"({"name":"welcome.txt","parent":{"id":"0"}})");

  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.text("upload_url"), box.url() + "/api/2.0/files/content");
  EXPECT_EQ(clash.text("code"), "item_name_in_use");
}

TEST(Files, AStaleEtagIsRefused) {
  const Emulated box;
  const auto token = box.service_token();
  const auto path = "/2.0/files/" + box.facts().root_file_ids[0];
  const auto rename = [&](const std::string& etag, const std::string& name) {
    return ask(box.url(), "PUT", path, {{"Authorization", "Bearer " + token}, {"If-Match", etag}},
               R"({"name":")" + name + R"("})")
        .status;
  };

  EXPECT_EQ(rename("0", "one"), 200);
  EXPECT_EQ(rename("0", "two"), 412);
  EXPECT_EQ(rename("\"1\"", "two"), 200);
}

TEST(Download, WorksOnceAndWithoutAToken) {
  const Emulated box;
  const auto redirect =
      box.get("/2.0/files/" + box.facts().root_file_ids[0] + "/content", box.service_token());
  const auto path = redirect.header("Location").substr(box.url().size());

  const auto first = ask(box.url(), "GET", path);
  const auto second = ask(box.url(), "GET", path);

  EXPECT_EQ(redirect.status, 302);
  EXPECT_EQ(first.body, "Welcome to the emulated enterprise.\n");
  EXPECT_EQ(second.status, 404);
}

TEST(Download, AddressesEndAfterAQuarterOfAnHour) {
  const Emulated box;
  const auto redirect =
      box.get("/2.0/files/" + box.facts().root_file_ids[0] + "/content", box.service_token());
  box.emulator->advance_clock(std::chrono::minutes(15));

  const auto late = ask(box.url(), "GET", redirect.header("Location").substr(box.url().size()));

  EXPECT_EQ(late.status, 404);
}

TEST(Download, TakesItsTokenFromTheQueryToo) {
  const Emulated box;
  const auto file = "/2.0/files/" + box.facts().root_file_ids[0];
  const auto token = box.service_token();

  EXPECT_EQ(ask(box.url(), "GET", file + "/content?access_token=" + token).status, 302);
  EXPECT_EQ(ask(box.url(), "GET", file + "?access_token=" + token).status, 401);
}

TEST(SharedItems, AreFoundByTheirLinkAndPassword) {
  const Emulated box;
  const auto token = box.service_token();
  const auto file = "/2.0/files/" + box.facts().root_file_ids[0];
  const auto shared = box.call("PUT", file + "?fields=shared_link", token,
                               R"({"shared_link":{"access":"open","password":"pw"}})");
  const auto url = std::string(shared.json().at("shared_link").at("url").as_string());
  const auto find = [&](const std::string& header) {
    return ask(box.url(), "GET", "/2.0/shared_items",
               {{"Authorization", "Bearer " + token}, {"BoxApi", header}});
  };

  EXPECT_EQ(find("shared_link=" + url + "&shared_link_password=pw").text("id"),
            box.facts().root_file_ids[0]);
  EXPECT_EQ(find("shared_link=" + url).status, 403);
  EXPECT_EQ(find("shared_link=" + box.url() + "/s/none").status, 404);
  EXPECT_EQ(find("").status, 400);
}

TEST(Events, TellWhatHappenedSinceAPosition) {
  const Emulated box;
  const auto token = box.service_token();
  const auto start = box.get("/2.0/events?stream_position=now", token).text("next_stream_position");
  EXPECT_EQ(box.call("POST", "/2.0/folders", token, R"({"name":"E","parent":{"id":"0"}})").status,
            201);

  const auto events = box.get("/2.0/events?stream_position=" + start, token).json();

  EXPECT_EQ(events.at("chunk_size"), 1);
  EXPECT_EQ(events.at("entries").at(0).at("event_type"), "ITEM_CREATE");
  EXPECT_EQ(events.at("entries").at(0).at("source").at("name"), "E");
}

TEST(Events, OptionsSayWhereToListen) {
  const Emulated box;

  const auto value = box.call("OPTIONS", "/2.0/events", box.service_token()).json();

  EXPECT_EQ(value.at("entries").at(0).at("type"), "realtime_server");
  EXPECT_EQ(value.at("entries").at(0).at("retry_timeout"), 610);
}

TEST(Events, OfTheEnterpriseNeedTheirScope) {
  const Emulated box;
  const auto child = box.exchange(box.service_token(), "root_readonly").text("access_token");

  EXPECT_EQ(box.get("/2.0/events?stream_type=admin_logs", box.service_token()).status, 200);
  EXPECT_EQ(box.get("/2.0/events?stream_type=admin_logs", child).status, 403);
}

}  // namespace
}  // namespace valetkey::emulator::test
