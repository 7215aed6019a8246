#!/usr/bin/env bash
# Whether Prometheus understands our rules, whether each alert fires for what it is about and stays
# quiet beside it, and whether each is tested and told of in docs/operations.md.
set -euo pipefail
cd "$(dirname "$0")/.."

rules=deploy/prometheus/rules.yml
tests=deploy/prometheus/rules_test.yml
promtool check config --syntax-only deploy/prometheus/prometheus.yml
promtool check rules "$rules"
promtool test rules "$tests"

alerts=$(sed -n 's/^ *- alert: //p' "$rules")
[ -n "$alerts" ] || { echo "$rules has no alert" >&2; exit 1; }
for alert in $alerts; do
    grep -A1 "alertname: $alert\$" "$tests" | grep -q 'exp_alerts:$' ||
        { echo "$alert is never seen to fire in $tests" >&2; exit 1; }
    grep -q "alertname: $alert, exp_alerts: \[\]" "$tests" ||
        { echo "$alert is never seen to be quiet in $tests" >&2; exit 1; }
    grep -q "^| \`$alert\` |" docs/operations.md ||
        { echo "docs/operations.md does not say what $alert means" >&2; exit 1; }
done
