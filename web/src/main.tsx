import { render } from "solid-js/web";
import { App } from "./app";
import { start } from "./game";
import "./promises";
import "./style.css";

const root = document.getElementById("app");
if (root) {
  start();
  render(() => <App />, root);
}
