// SPDX-License-Identifier: Apache-2.0
// Narrowed tokens: how they are asked for, and that they open what they name and nothing else.
#include "emulated.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace valetkey::emulator::test {
namespace {

using ::testing::HasSubstr;

TEST(Exchange, NamesEachScopeWithTheItem) {
  const Emulated box;
  const auto& id = box.facts().root_file_ids[0];

  const auto answer = box.exchange(box.service_token(), "item_preview item_rename", "files/" + id);

  const auto value = answer.json();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.text("issued_token_type"), token_type_urn);
  EXPECT_EQ(answer.text("token_type"), "bearer");
  const auto& entries = value.at("restricted_to").as_array();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].at("scope"), "item_preview");
  EXPECT_EQ(entries[1].at("scope"), "item_rename");
  EXPECT_EQ(entries[0].at("object").at("id").as_string(), id);
  EXPECT_EQ(entries[0].at("object").at("type"), "file");
  EXPECT_TRUE(entries[0].at("object").as_object().contains("sha1"));
}

TEST(Exchange, WithoutAResourceIsRestrictedToNothing) {
  const Emulated box;

  const auto answer = box.exchange(box.service_token(), "root_readonly");

  EXPECT_TRUE(answer.json().at("restricted_to").as_array().empty());
}

TEST(Exchange, TakesResourcesOnItsOwnOrigin) {
  const Emulated box;
  const auto body = [&](const std::string& resource) {
    return "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=" +
           box.service_token() + "&subject_token_type=" + std::string(token_type_urn) +
           "&scope=item_preview&resource=" + resource;
  };

  const auto own = box.post_form("/oauth2/token",
                                 body(box.url() + "/2.0/files/" + box.facts().root_file_ids[0]));

  EXPECT_EQ(own.status, 200);
}

TEST(Exchange, RefusesWhatIsNoResource) {
  const Emulated box;
  const auto token = box.service_token();
  const auto& id = box.facts().root_file_ids[0];
  for (const auto& resource : std::vector<std::string>{
           "https://app.box.com/file/" + id, "https://api.box.com/2.0/files/1",
           "https://api.box.com/2.0/folders/" + id, "https://api.box.com/2.0/files/" + id + "/",
           "https://api.box.com/2.0/files/x", "https://api.box.com.example/2.0/files/" + id,
           "files/" + id}) {
    const auto answer = box.post_form(
        "/oauth2/token",
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=" + token +
            "&subject_token_type=" + std::string(token_type_urn) +
            "&scope=item_preview&resource=" + resource);

    EXPECT_EQ(answer.status, 400) << resource;
    EXPECT_EQ(answer.text("error"), "invalid_resource") << resource;
    EXPECT_EQ(answer.text("error_description"), "The target resource is invalid.") << resource;
  }
}

TEST(Exchange, RefusesADeadSubjectTokenInWordsThatNoClientTakesForAClock) {
  const Emulated box;
  const auto token = box.service_token();
  EXPECT_EQ(box.revoke(token).status, 200);

  const auto answer = box.exchange(token, "root_readonly");

  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.text("error"), "invalid_grant");
  EXPECT_EQ(answer.text("error_description").find("exp"), std::string::npos);
}

TEST(Exchange, RefusesScopesThatAreUnknownOrNotHeld) {
  const Emulated box;
  const auto read_only = box.sign_in({.scope = "root_readonly"}).text("access_token");

  const auto unknown = box.exchange(box.service_token(), "item_fly");
  const auto none = box.exchange(box.service_token(), "");
  const auto wider = box.exchange(read_only, "item_rename");
  const auto narrower = box.exchange(read_only, "item_download");

  EXPECT_EQ(unknown.text("error"), "invalid_scope");
  EXPECT_EQ(none.text("error"), "invalid_request");
  EXPECT_EQ(wider.status, 401);
  EXPECT_EQ(narrower.status, 200);
}

TEST(Exchange, OfANarrowedTokenOnlyNarrowsFurther) {
  const Emulated box;
  const auto child = box.exchange(box.service_token(), "item_download item_preview",
                                  "folders/" + box.facts().folder_id)
                         .text("access_token");
  const auto& inside = box.facts().folder_file_ids[0];

  const auto narrower = box.exchange(child, "item_download", "files/" + inside);
  const auto wider_scope = box.exchange(child, "item_rename", "files/" + inside);
  const auto elsewhere =
      box.exchange(child, "item_download", "files/" + box.facts().root_file_ids[0]);
  const auto unnamed = box.exchange(child, "item_download");

  EXPECT_EQ(narrower.status, 200);
  EXPECT_EQ(wider_scope.status, 401);
  EXPECT_EQ(elsewhere.text("error"), "invalid_resource");
  EXPECT_EQ(unnamed.status, 200);
  EXPECT_EQ(unnamed.json().at("restricted_to").as_array().at(0).at("object").at("id").as_string(),
            box.facts().folder_id);
  EXPECT_EQ(box.get("/2.0/files/" + box.facts().root_file_ids[0] + "/content",
                    unnamed.text("access_token"))
                .status,
            403);
}

TEST(Exchange, TakesCredentialsOrNoneButNotWrongOnes) {
  const Emulated box;
  const auto body =
      "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&scope="
      "root_readonly&subject_token=" +
      box.service_token() + "&subject_token_type=" + std::string(token_type_urn);

  EXPECT_EQ(box.post_form("/oauth2/token", body).status, 200);
  EXPECT_EQ(box.post_form("/oauth2/token", body + box.client()).status, 200);
  EXPECT_EQ(box.post_form("/oauth2/token", body + "&client_id=x&client_secret=y").text("error"),
            "invalid_client");
}

TEST(Exchange, TakesAnUnsignedActorTokenButNothingElseUnsigned) {
  const Emulated box;
  const auto actor = crypto::encode_base64url(R"({"alg":"none"})") + "." +
                     crypto::encode_base64url(
                         R"({"sub":"outside-1","name":"A. Guest","box_sub_type":"external"})") +
                     ".";
  const auto body =
      "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&scope="
      "annotation_edit&subject_token=" +
      box.service_token() + "&subject_token_type=" + std::string(token_type_urn) +
      "&actor_token_type=urn:ietf:params:oauth:token-type:id_token&actor_token=";

  EXPECT_EQ(box.post_form("/oauth2/token", body + actor).status, 200);
  EXPECT_EQ(box.post_form("/oauth2/token", body + "rubbish").status, 400);
}

TEST(Exchange, TakesASharedLinkButNotWithAPasswordNorBesideAResource) {
  const Emulated box;
  const auto token = box.service_token();
  const auto& id = box.facts().root_file_ids[0];
  const auto share = [&](const std::string& link) {
    return box.call("PUT", "/2.0/files/" + id + "?fields=shared_link", token,
                    R"({"shared_link":)" + link + "}");
  };
  const auto shared = share(R"({"access":"open"})");
  const auto url = std::string(shared.json().at("shared_link").at("url").as_string());
  const auto body =
      "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&scope="
      "item_download&subject_token=" +
      token + "&subject_token_type=" + std::string(token_type_urn) + "&box_shared_link=" + url;

  const auto child = box.post_form("/oauth2/token", body);
  const auto both =
      box.post_form("/oauth2/token", body + "&resource=https://api.box.com/2.0/files/" + id);
  EXPECT_EQ(share(R"({"password":"open sesame"})").status, 200);
  const auto locked = box.post_form("/oauth2/token", body);

  EXPECT_EQ(child.status, 200);
  EXPECT_EQ(box.get("/2.0/files/" + id + "/content", child.text("access_token")).status, 302);
  EXPECT_EQ(
      box.get("/2.0/files/" + box.facts().root_file_ids[1] + "/content", child.text("access_token"))
          .status,
      403);
  EXPECT_EQ(both.text("error"), "invalid_request");
  EXPECT_EQ(locked.text("error"), "invalid_resource");
}

struct Row {
  std::string_view scope;
  int metadata;
  int items;
  int download;
  int rename;
  int make_folder;
  int share;
  int erase;
};

// The scope-to-operation table.
constexpr Row rows[] = {
    {"root_readwrite", 200, 200, 302, 200, 201, 200, 204},
    {"root_readonly", 200, 200, 302, 403, 403, 403, 403},
    {"base_explorer", 200, 200, 403, 403, 403, 403, 403},
    {"base_picker", 200, 200, 403, 403, 403, 403, 403},
    {"base_preview", 200, 403, 403, 403, 403, 403, 403},
    {"base_upload", 200, 403, 403, 403, 403, 403, 403},
    {"item_download", 200, 403, 302, 403, 403, 403, 403},
    {"item_preview", 200, 403, 403, 403, 403, 403, 403},
    {"item_rename", 200, 403, 403, 200, 403, 403, 403},
    {"item_delete", 200, 403, 403, 403, 403, 403, 204},
    {"item_share", 200, 403, 403, 403, 403, 200, 403},
    {"annotation_view_self", 200, 403, 403, 403, 403, 403, 403},
    {"manage_groups", 403, 403, 403, 403, 403, 403, 403},
};

TEST(Scopes, AllowWhatTheTableSaysAndNothingElse) {
  for (const auto& row : rows) {
    const Emulated box;
    const auto token =
        box.exchange(box.service_token(), std::string(row.scope)).text("access_token");
    const auto file = "/2.0/files/" + box.facts().root_file_ids[0];
    const auto status = [&](std::string_view method, const std::string& path,
                            std::string_view body = {}) {
      return box.call(method, path, token, body).status;
    };

    EXPECT_EQ(status("GET", file), row.metadata) << row.scope;
    EXPECT_EQ(status("GET", "/2.0/folders/0/items"), row.items) << row.scope;
    EXPECT_EQ(status("GET", file + "/content"), row.download) << row.scope;
    EXPECT_EQ(status("PUT", file, R"({"name":"renamed"})"), row.rename) << row.scope;
    EXPECT_EQ(status("POST", "/2.0/folders", R"({"name":"new","parent":{"id":"0"}})"),
              row.make_folder)
        << row.scope;
    EXPECT_EQ(status("PUT", file, R"({"shared_link":{}})"), row.share) << row.scope;
    EXPECT_EQ(status("DELETE", file), row.erase) << row.scope;
    EXPECT_EQ(status("GET", "/2.0/users/me"), 200) << row.scope;
  }
}

TEST(Scopes, LetOnlyUploadScopesUpload) {
  const Emulated box;
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"attributes\"\r\n\r\n"
      "{\"name\":\"NAME\",\"parent\":{\"id\":\"0\"}}\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nhello\r\n--b--";
  int number = 0;
  for (const auto& [scope, expected] :
       std::vector<std::pair<std::string, int>>{{"root_readwrite", 201},
                                                {"base_upload", 201},
                                                {"item_upload", 201},
                                                {"root_readonly", 403},
                                                {"item_rename item_preview", 403}}) {
    const auto token = box.exchange(box.service_token(), scope).text("access_token");
    auto named = body;
    named.replace(named.find("NAME"), 4, "file" + std::to_string(++number));

    const auto answer = ask(
        box.url(), "POST", "/api/2.0/files/content",
        {{"Authorization", "Bearer " + token}, {"Content-Type", "multipart/form-data; boundary=b"}},
        named);

    EXPECT_EQ(answer.status, expected) << scope << answer.body;
  }
}

TEST(RestrictedTo, AFileIsThatFileAlone) {
  const Emulated box;
  const auto& ids = box.facts().root_file_ids;
  const auto token = box.exchange(box.service_token(), "item_download item_rename base_explorer",
                                  "files/" + ids[0])
                         .text("access_token");

  EXPECT_EQ(box.get("/2.0/files/" + ids[0] + "/content", token).status, 302);
  EXPECT_EQ(box.get("/2.0/files/" + ids[1] + "/content", token).status, 403);
  EXPECT_EQ(box.get("/2.0/files/" + ids[1], token).status, 403);
  EXPECT_EQ(box.get("/2.0/folders/0", token).status, 403);
  EXPECT_EQ(box.get("/2.0/folders/0/items", token).status, 403);
  EXPECT_EQ(box.get("/2.0/events", token).status, 403);
  EXPECT_EQ(box.call("PUT", "/2.0/files/" + ids[1], token, R"({"name":"x"})").status, 403);
  EXPECT_EQ(box.call("PUT", "/2.0/files/" + ids[0], token, R"({"name":"x"})").status, 200);
}

TEST(RestrictedTo, AFolderIsAllBelowItAndNothingBeside) {
  const Emulated box;
  const auto token = box.exchange(box.service_token(), "item_download base_explorer",
                                  "folders/" + box.facts().folder_id)
                         .text("access_token");
  const auto items = box.get("/2.0/folders/" + box.facts().folder_id + "/items", token);
  std::string deeper;
  const auto listed = items.json();
  for (const auto& entry : listed.at("entries").as_array()) {
    if (entry.at("type") == "folder") deeper = entry.at("id").as_string();
  }

  EXPECT_EQ(items.status, 200);
  EXPECT_EQ(box.get("/2.0/folders/" + deeper + "/items", token).status, 200);
  EXPECT_EQ(box.get("/2.0/files/" + box.facts().folder_file_ids[0] + "/content", token).status,
            302);
  EXPECT_EQ(box.get("/2.0/files/" + box.facts().root_file_ids[0] + "/content", token).status, 403);
  EXPECT_EQ(box.get("/2.0/folders/0/items", token).status, 403);
}

TEST(RestrictedTo, CannotBeLeftByMovingAnItem) {
  const Emulated box;
  const auto token =
      box.exchange(box.service_token(), "root_readwrite", "folders/" + box.facts().folder_id)
          .text("access_token");

  const auto out = box.call("PUT", "/2.0/files/" + box.facts().folder_file_ids[0], token,
                            R"({"parent":{"id":"0"}})");
  const auto in = box.call("PUT", "/2.0/files/" + box.facts().root_file_ids[0], token,
                           R"({"parent":{"id":")" + box.facts().folder_id + R"("}})");

  EXPECT_EQ(out.status, 403);
  EXPECT_EQ(in.status, 403);
}

TEST(RestrictedTo, RefusalsDoNotLookLikeADeadToken) {
  const Emulated box;
  const auto token =
      box.exchange(box.service_token(), "item_preview", "files/" + box.facts().root_file_ids[0])
          .text("access_token");

  const auto scope = box.get("/2.0/files/" + box.facts().root_file_ids[0] + "/content", token);
  const auto item = box.get("/2.0/files/" + box.facts().root_file_ids[1], token);

  EXPECT_EQ(scope.status, 403);
  EXPECT_EQ(scope.text("code"), "insufficient_scope");
  EXPECT_EQ(scope.text("message"),
            "The request requires higher privileges than provided by the access token.");
  EXPECT_EQ(scope.header("WWW-Authenticate"),
            "Bearer realm=\"Service\", error=\"insufficient_scope\", error_description=\"The "
            "request requires higher privileges than provided by the access token.\"");
  EXPECT_EQ(item.text("code"), "access_denied_insufficient_permissions");
  EXPECT_EQ(item.header("WWW-Authenticate"), "");
}

}  // namespace
}  // namespace valetkey::emulator::test
