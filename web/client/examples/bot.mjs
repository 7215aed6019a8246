// A bot: `node bot.mjs http://127.0.0.1:8080 NAME PASSWORD [LOBBY] [ROUNDS]`. Node 20 needs `ws`.
import { WebSocket } from "ws";
import { Connection, freshBetId } from "../dist/index.js";

const [base, username, password, lobby = "1", rounds = "3"] = process.argv.slice(2);
const call = async (method, path, body, token = "") => {
  const headers = { authorization: `Bearer ${token}` };
  const init = { method, headers, body: JSON.stringify(body) };
  return (await fetch(`${base}/gateway/user/v1/${path}`, init)).json();
};
await call("POST", "auth/register", { username, password });
const { access_token: token } = await call("POST", "auth/login", { username, password });
await call("PUT", "balance", { amount: "100" }, token);

const url = `${base.replace(/^http/, "ws")}/gateway/game/v1/ws`;
const connection = new Connection({ url, WebSocket, token: async () => token });
let [left, last] = [Number(rounds), 0];
connection.onEvent = ({ type, round, phase, result, payout }) => {
  if ((type === "betting_opened" || phase === "open") && round > last) {
    last = round;
    const bet = { lobby_id: Number(lobby), round, bet_id: freshBetId(), stake: "1" };
    connection.request("place_bet", { ...bet, auto_cash_out: "1.50" }).catch(console.log);
  }
  if (type !== "bet_result") return;
  console.log(`round ${round}: ${result} ${payout ?? ""}`);
  if (--left === 0) connection.close();
};
connection.open(Number(lobby));
