// SPDX-License-Identifier: Apache-2.0
#include "cli/completion_script.h"

#include <string_view>

namespace valetkey::cli {
namespace {

bool names_a_path(const PageOption& option) {
  return option.argument == "FILE" || option.argument == "DIR";
}

std::string subcommand_words(const Page& whole) {
  std::string words;
  for (const auto& [name, summary] : whole.subcommands) {
    words += (words.empty() ? "" : " ") + name;
  }
  return words;
}

std::string option_words(const Page& page) {
  std::string words;
  for (const auto* const options : {&page.options, &page.global_options}) {
    for (const auto& option : *options) {
      for (const auto& name : option.names)
        words += (words.empty() ? "" : " ") + name;
    }
  }
  return words;
}

/// Names of options, as a pattern of `case`.
std::string pattern_of(const std::vector<Page>& pages, bool want_paths) {
  std::string pattern;
  for (const auto& page : pages) {
    for (const auto& option : page.options) {
      if (option.argument.empty() || names_a_path(option) != want_paths) continue;
      if (option.argument.starts_with("[")) continue;
      for (const auto& name : option.names) {
        if (("|" + pattern + "|").find("|" + name + "|") != std::string::npos) continue;
        pattern += (pattern.empty() ? "" : "|") + name;
      }
    }
  }
  for (const auto& option : pages.front().global_options) {
    if (option.argument.empty() || names_a_path(option) != want_paths) continue;
    for (const auto& name : option.names)
      pattern += (pattern.empty() ? "" : "|") + name;
  }
  return pattern;
}

/// Within single quotes of a shell.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char letter : text) {
    if (letter == '\'') {
      out += "'\\''";
    } else {
      out += letter;
    }
  }
  return out + "'";
}

/// For _arguments: a bracket or a colon would end the description.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '[' || letter == ']' || letter == ':' || letter == '\\') out += '\\';
    out += letter;
  }
  return out;
}

std::string zsh_specs(const Page& page) {
  std::string specs;
  for (const auto* const options : {&page.options, &page.global_options}) {
    for (const auto& option : *options) {
      for (const auto& name : option.names) {
        std::string spec = "*" + name + "[" + zsh_text(option.text) + "]";
        if (!option.argument.empty()) {
          const bool is_optional = option.argument.starts_with("[");
          spec += std::string(is_optional ? "::" : ":") + zsh_text(option.argument) + ":";
          if (names_a_path(option)) spec += option.argument == "DIR" ? "_files -/" : "_files";
        }
        specs += " \\\n        " + shell_quoted(spec);
      }
    }
  }
  return specs;
}

}  // namespace

std::string format_bash_completion(const std::vector<Page>& pages) {
  std::string out =
      "# bash completion for valetkey; made by `valetkey completion bash`\n"
      "_valetkey() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local subcommand='' word options index\n"
      "  COMPREPLY=()\n"
      "  for ((index = 1; index < COMP_CWORD; index++)); do\n"
      "    word=${COMP_WORDS[index]}\n"
      "    # What follows the mark belongs to the program that is run.\n"
      "    [[ $word == -- ]] && { COMPREPLY=($(compgen -o default -- \"$current\")); return; }\n"
      "    case $word in\n      " +
      [&] {
        std::string pattern = subcommand_words(pages.front());
        for (char& letter : pattern)
          letter = letter == ' ' ? '|' : letter;
        return pattern;
      }() +
      ") [[ -z $subcommand ]] && subcommand=$word ;;\n    esac\n  done\n"
      "  case $previous in\n    " +
      pattern_of(pages, true) + ") COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n    " +
      pattern_of(pages, false) +
      ") return ;;\n  esac\n"
      "  case $subcommand in\n    '') options='" +
      option_words(pages.front()) + "' ;;\n";
  for (std::size_t i = 1; i < pages.size(); ++i) {
    out += "    " + pages[i].name + ") options='" + option_words(pages[i]) + "' ;;\n";
  }
  out += "  esac\n  if [[ -z $subcommand && $current != -* ]]; then\n    options='" +
         subcommand_words(pages.front()) + "'\n";
  out +=
      "  elif [[ $subcommand == completion && $current != -* ]]; then\n"
      "    options='bash zsh fish'\n"
      "  elif [[ $subcommand == man && $current != -* ]]; then\n    options='" +
      subcommand_words(pages.front()) + "'\n  fi\n";
  return out +
         "  COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n}\n"
         "complete -o bashdefault -o default -F _valetkey valetkey\n";
}

std::string format_zsh_completion(const std::vector<Page>& pages) {
  std::string out =
      "#compdef valetkey\n"
      "# made by `valetkey completion zsh`\n"
      "_valetkey() {\n"
      "  local index subcommand=''\n"
      "  local -a subcommands=(\n";
  for (const auto& [name, summary] : pages.front().subcommands) {
    out += "    " + shell_quoted(name + ":" + zsh_text(summary)) + "\n";
  }
  out += "  )\n  for ((index = 2; index < CURRENT; index++)); do\n    case ${words[index]} in\n";
  for (std::size_t i = 1; i < pages.size(); ++i) {
    out += "      " + pages[i].name + ") subcommand=" + pages[i].name + "; break ;;\n";
  }
  out += "    esac\n  done\n  case $subcommand in\n    '')\n      _arguments" +
         zsh_specs(pages.front()) + " \\\n        '*:subcommand:->subcommand'\n" +
         "      [[ $state == subcommand ]] && _describe subcommand subcommands ;;\n";
  for (std::size_t i = 1; i < pages.size(); ++i) {
    const std::string rest = pages[i].name == "completion" ? "'*:shell:(bash zsh fish)'"
                             : pages[i].name == "man"
                                 ? "'*:subcommand:(" + subcommand_words(pages.front()) + ")'"
                                 : "'*::argument:_files'";
    out += "    " + pages[i].name + ")\n      _arguments" + zsh_specs(pages[i]) + " \\\n        " +
           rest + " ;;\n";
  }
  return out + "  esac\n}\n_valetkey \"$@\"\n";
}

std::string format_fish_completion(const std::vector<Page>& pages) {
  std::string out = "# fish completion for valetkey; made by `valetkey completion fish`\n";
  const std::string all = subcommand_words(pages.front());
  const std::string none_seen = "not __fish_seen_subcommand_from " + all;
  out += "complete -c valetkey -f\n";
  for (const auto& [name, summary] : pages.front().subcommands) {
    out += "complete -c valetkey -n " + shell_quoted(none_seen) + " -a " + name + " -d " +
           shell_quoted(summary) + "\n";
  }
  const auto append = [&out](const PageOption& option, const std::string& condition) {
    out += "complete -c valetkey";
    if (!condition.empty()) out += " -n " + shell_quoted(condition);
    for (const auto& name : option.names) {
      out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    const bool takes_value = !option.argument.empty() && !option.argument.starts_with("[");
    if (takes_value) out += names_a_path(option) ? " -r -F" : " -x";
    out += " -d " + shell_quoted(option.text) + "\n";
  };
  for (const auto& option : pages.front().options)
    append(option, none_seen);
  for (const auto& option : pages.front().global_options)
    append(option, "");
  for (std::size_t i = 1; i < pages.size(); ++i) {
    const std::string seen = "__fish_seen_subcommand_from " + pages[i].name;
    for (const auto& option : pages[i].options)
      append(option, seen);
    if (pages[i].name == "completion") {
      out += "complete -c valetkey -n " + shell_quoted(seen) + " -a 'bash zsh fish'\n";
    }
    if (pages[i].name == "man") {
      out += "complete -c valetkey -n " + shell_quoted(seen) + " -a " + shell_quoted(all) + "\n";
    }
  }
  return out;
}

}  // namespace valetkey::cli
