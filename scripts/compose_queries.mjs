// Every question of every dashboard, a line each: board, panel, expression.
import { readdirSync, readFileSync } from "node:fs";

const boards = new URL("../deploy/grafana/dashboards/", import.meta.url);
for (const name of readdirSync(boards).sort()) {
  for (const panel of JSON.parse(readFileSync(new URL(name, boards), "utf8")).panels) {
    for (const { expr } of panel.targets) {
      console.log([name, panel.title, expr.replaceAll("$__rate_interval", "1m")].join("\t"));
    }
  }
}
