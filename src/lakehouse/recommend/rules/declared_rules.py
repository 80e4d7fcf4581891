"""All rule sets of the settings folder."""

from lakehouse.io.config.settings import read_conf_folder
from lakehouse.recommend.rules.rule_set import RuleFile, Rules, parse_rule_file, rules_of


def read_rule_files() -> dict[str, RuleFile]:
    """By name. ConfigError (2) names the file and what is wrong with it."""
    return {name: parse_rule_file(name, values) for name, values in sorted(read_conf_folder("rules").items())}


def read_rules() -> Rules:
    """The rules of all files, whether they hold today or not."""
    return rules_of(read_rule_files())
