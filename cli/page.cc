// SPDX-License-Identifier: Apache-2.0
#include "cli/page.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace valetkey::cli {
namespace {

constexpr std::size_t text_column = 28;
constexpr std::size_t text_width = 92;

PageOption option_of(const CLI::Option& option) {
  PageOption made{.text = option.get_description()};
  for (const auto& name : option.get_snames())
    made.names.push_back("-" + name);
  for (const auto& name : option.get_lnames())
    made.names.push_back("--" + name);
  if (option.get_positional()) made.names = {option.get_name(true)};
  const bool takes_value = option.get_expected_max() > 0 && option.get_type_size_max() > 0;
  if (takes_value && !option.get_positional()) {
    made.argument = option.get_type_name();
    // IsMember appends its set to the type's name; the description says it in words.
    made.argument = made.argument.substr(0, made.argument.find(':'));
    if (option.get_expected_min() == 0) made.argument = "[" + made.argument + "]";
  }
  return made;
}

std::string argument_in_usage(const CLI::Option& option) {
  std::string text = option.get_name(true);
  if (option.get_expected_max() > 1) text += "...";
  return option.get_required() ? text : "[" + text + "]";
}

std::string spelt(const PageOption& option) {
  std::string text = base::joined(option.names, ", ");
  return option.argument.empty() ? text : text + " " + option.argument;
}

/// Words of `text` from `column` on, at most `text_width` wide.
void append_wrapped(std::string& out, std::string_view text, std::size_t column) {
  std::size_t at = column;
  bool is_first = true;
  for (const auto word : base::split(text, ' ')) {
    if (!is_first && at + 1 + word.size() > text_width) {
      out += "\n" + std::string(column, ' ');
      at = column;
      is_first = true;
    }
    if (!is_first) {
      out += ' ';
      ++at;
    }
    out += word;
    at += word.size();
    is_first = false;
  }
  out += '\n';
}

void append_row(std::string& out, const std::string& left, std::string_view right) {
  out += "  " + left;
  if (left.size() + 4 > text_column) {
    out += "\n" + std::string(text_column, ' ');
  } else {
    out += std::string(text_column - left.size() - 2, ' ');
  }
  append_wrapped(out, right, text_column);
}

void append_rows(std::string& out, std::string_view heading, const std::vector<PageOption>& rows) {
  if (rows.empty()) return;
  out += "\n" + std::string(heading) + ":\n";
  for (const auto& row : rows)
    append_row(out, spelt(row), row.text);
}

}  // namespace

Page page_of(const CLI::App& app) {
  const bool is_whole = app.get_parent() == nullptr;
  Page page{.name = is_whole ? "" : app.get_name(), .summary = app.get_description()};
  const CLI::App& whole = is_whole ? app : *app.get_parent();
  std::string arguments;
  for (const auto* const option : app.get_options()) {
    if (option->get_positional()) {
      page.arguments.push_back(option_of(*option));
      arguments += " " + argument_in_usage(*option);
    } else if (!is_whole || option->get_group() == "Options") {
      page.options.push_back(option_of(*option));
    }
  }
  for (const auto* const option : whole.get_options()) {
    if (option->get_group() != "Options") page.global_options.push_back(option_of(*option));
  }
  if (const auto* const row = find_subcommand(page.name)) {
    page.about = row->about;
    page.examples = row->examples;
    // The program's own arguments begin after the mark; without it they would be taken for ours.
    if (row->name == "exec") arguments = " --" + arguments;
    page.usage = "valetkey " + page.name + " [OPTIONS]" + arguments;
    return page;
  }
  page.usage = "valetkey [OPTIONS] SUBCOMMAND ...";
  page.about =
      "Gets access tokens from a provider such as Box, keeps them, refreshes them, narrows them "
      "to what they are for, and withdraws them.";
  page.examples = {{"valetkey demo", "see it work, without an account"},
                   {"valetkey token --help", "the same for each subcommand"}};
  for (const auto& row : all_subcommands()) {
    page.subcommands.emplace_back(row.name, row.summary);
  }
  return page;
}

std::string format_help(const Page& page) {
  std::string out = "usage: " + page.usage + "\n\n";
  append_wrapped(out, page.summary, 0);
  if (!page.about.empty()) {
    out += '\n';
    append_wrapped(out, page.about, 0);
  }
  if (!page.subcommands.empty()) {
    out += "\nSubcommands:\n";
    for (const auto& [name, summary] : page.subcommands)
      append_row(out, name, summary);
  }
  append_rows(out, "Arguments", page.arguments);
  append_rows(out, "Options", page.options);
  append_rows(out, "Options of every subcommand", page.global_options);
  out += "\nExamples:\n";
  for (const auto& example : page.examples) {
    out += "  " + std::string(example.command) + "\n";
    out += "      ";
    append_wrapped(out, example.purpose, 6);
  }
  out +=
      "\nExit status: 0 done, 1 failed, 2 usage or configuration, 3 denied, 4 sign-in needed,\n"
      "5 unreachable.\n";
  return out;
}

}  // namespace valetkey::cli
