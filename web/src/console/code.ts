// A message as a program: it connects, signs in, joins and sends it when its time has come.
import type { Channel } from "./document";

export type Language = "JavaScript" | "Python" | "Rust";
export const LANGUAGES: Language[] = ["JavaScript", "Python", "Rust"];
export interface Wish {
  channel: Channel;
  origin: string;
  token: string;
  lobby: number;
  name: string;
  payload: Record<string, unknown>;
  /** What the message may hold, whether or not it is known by now. */
  fields: string[];
}
const json = (value: unknown): string => JSON.stringify(value);

/** Bets go into a round that takes them, cash-outs into a climb that has reached 1.01. */
const moment = (name: string): "open" | "climb" | "joined" =>
  /place_bet|cancel_bet/.test(name) ? "open" : /cash_out|withdraw/.test(name) ? "climb" : "joined";

export function code(language: Language, wish: Wish): string {
  const write = WRITERS[wish.channel][language];
  return `${write(wish).trim()}\n`;
}

const socketOf = (wish: Wish) => `${wish.origin.replace(/^http/, "ws")}/gateway/game/v1/ws`;
const greetings = ({ token, lobby }: Wish): unknown[] => [
  ...(token ? [{ type: "authenticate", id: 1, token }] : []),
  { type: "join", id: 2, lobby_id: lobby },
];
/** The message without what is only known when its time has come. */
function later({ payload }: Wish): Record<string, unknown> {
  const { round: _, bet_id: __, ...rest } = payload;
  const bet = payload["type"] === "place_bet" ? {} : pick(payload, "bet_id");
  return { ...rest, ...bet, id: 3 };
}
const pick = (from: Record<string, unknown>, key: string) =>
  from[key] === undefined ? {} : { [key]: from[key] };

const WRITERS: Record<Channel, Record<Language, (wish: Wish) => string>> = {
  plain: { JavaScript: plainJs, Python: plainPython, Rust: plainRust },
  socket_io: { JavaScript: originalJs, Python: originalPython, Rust: originalRust },
};

function plainJs(wish: Wish): string {
  const when = {
    open: 'frame.type === "betting_opened" || frame.phase === "open"',
    climb: 'frame.type === "tick" && frame.multiplier >= 1.01',
    joined: 'frame.type === "snapshot"',
  }[moment(wish.name)];
  const known = [
    ...(wish.fields.includes("round") ? ["round: frame.round"] : []),
    ...(wish.name === "place_bet" ? ["bet_id: crypto.randomUUID()"] : []),
  ];
  return `
// npm install ws; browsers and Node.js 22 have a WebSocket of their own.
import { WebSocket } from "ws";

const socket = new WebSocket(${json(socketOf(wish))}, "waxwing.v1");
const send = (frame) => socket.send(JSON.stringify(frame));
let sent = false;

socket.onopen = () => {
${greetings(wish)
  .map((one) => `  send(${json(one)});`)
  .join("\n")}
};
socket.onmessage = ({ data }) => {
  console.log(data);
  const frame = JSON.parse(data);
  if (sent || !(${when})) return;
  sent = true;
  send({ ...${json(later(wish))}${known.map((one) => `, ${one}`).join("")} });
};
socket.onclose = ({ code, reason }) => console.log("closed", code, reason);
`;
}

/** JSON as Python writes it. */
const python = (value: unknown): string =>
  json(value)
    .replace(/:true\b/g, ":True")
    .replace(/:false\b/g, ":False")
    .replace(/:null\b/g, ":None");

function plainPython(wish: Wish): string {
  const when = {
    open: 'frame["type"] == "betting_opened" or frame.get("phase") == "open"',
    climb: 'frame["type"] == "tick" and frame["multiplier"] >= 1.01',
    joined: 'frame["type"] == "snapshot"',
  }[moment(wish.name)];
  const known = [
    ...(wish.fields.includes("round") ? ['"round": frame["round"]'] : []),
    ...(wish.name === "place_bet" ? ['"bet_id": str(uuid.uuid4())'] : []),
  ];
  return `
# pip install websocket-client
import json
import uuid

import websocket

socket = websocket.create_connection(${json(socketOf(wish))}, subprotocols=["waxwing.v1"])
send = lambda frame: socket.send(json.dumps(frame))
${greetings(wish)
  .map((one) => `send(${python(one)})`)
  .join("\n")}
sent = False
while text := socket.recv():
    print(text, flush=True)
    frame = json.loads(text)
    if not sent and (${when}):
        sent = True
        send({**${python(later(wish))}${known.map((one) => `, ${one}`).join("")}})
`;
}

const CARGO = `// cargo add futures-util serde_json tokio-tungstenite
// cargo add tokio --features macros,rt`;

function plainRust(wish: Wish): string {
  const when = {
    open: 'frame["type"] == "betting_opened" || frame["phase"] == "open"',
    climb: 'frame["type"] == "tick" && frame["multiplier"].as_f64() >= Some(1.01)',
    joined: 'frame["type"] == "snapshot"',
  }[moment(wish.name)];
  const whole = {
    ...later(wish),
    ...(wish.name === "place_bet" ? pick(wish.payload, "bet_id") : {}),
  };
  return `
${CARGO}
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut request = ${json(socketOf(wish))}.into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "waxwing.v1".parse()?);
    let (mut socket, _) = connect_async(request).await?;
${greetings(wish)
  .map((one) => `    socket.send(Message::text(json!(${json(one)}).to_string())).await?;`)
  .join("\n")}
    let mut sent = false;
    while let Some(message) = socket.next().await {
        let Message::Text(text) = message? else { continue };
        println!("{text}");
        let frame: Value = serde_json::from_str(&text)?;
        if !sent && (${when}) {
            sent = true;
${wish.name === "place_bet" ? "            // Another bet wants another id.\n" : ""}            let ${wish.fields.includes("round") ? "mut " : ""}wish = json!(${json(whole)});
${wish.fields.includes("round") ? '            wish["round"] = frame["round"].clone();\n' : ""}            socket.send(Message::text(wish.to_string())).await?;
        }
    }
    Ok(())
}
`;
}

/** The handshake has the token, and without a round an event means the one now played. */
const event = ({ payload }: Wish): Record<string, unknown> => {
  const { token: _, bet_id: __, round: ___, ...rest } = payload;
  return rest;
};
const SIGNS = { open: "round_opened", climb: "coefficient_update", joined: "joined" };

/** Who joins while bets are taken need not wait for the next round; a climb begins too early. */
const when = (wish: Wish, open: string, climb: string): string =>
  ({ open, climb, joined: "" })[moment(wish.name)];

function originalJs(wish: Wish): string {
  return `
// npm install socket.io-client
import { io } from "socket.io-client";

const socket = io(${json(wish.origin)}, { auth: ${json(wish.token ? { token: wish.token } : {})} });
let sent = false;
socket.on("connect", () => socket.emit("joinRoom", ${json({ lobby_id: wish.lobby })}));
socket.onAny((event, data) => {
  console.log(event, JSON.stringify(data));
  if (sent || !(event === ${json(SIGNS[moment(wish.name)])}${when(wish, ' || data?.phase === "open"', " && data.coefficient >= 1.01")})) return;
  sent = true;
  socket.emit(${json(wish.name)}, ${json(event(wish))});
});
`;
}

function originalPython(wish: Wish): string {
  return `
# pip install "python-socketio[client]"
import json

import socketio

socket = socketio.Client()
sent = False


@socket.on("*")
def heard(event, data=None):
    global sent
    print(event, json.dumps(data), flush=True)
    if not sent and (event == ${json(SIGNS[moment(wish.name)])}${when(wish, ' or (data or {}).get("phase") == "open"', ' and data["coefficient"] >= 1.01')}):
        sent = True
        socket.emit(${json(wish.name)}, ${python(event(wish))})


@socket.event
def connect():
    socket.emit("joinRoom", ${python({ lobby_id: wish.lobby })})


socket.connect(${json(wish.origin)}, auth=${python(wish.token ? { token: wish.token } : {})})
socket.wait()
`;
}

function originalRust(wish: Wish): string {
  const url = `${wish.origin.replace(/^http/, "ws")}/socket.io/?EIO=4&transport=websocket`;
  return `
${CARGO}
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut socket, _) = connect_async(${json(url)}).await?;
    let mut sent = false;
    while let Some(message) = socket.next().await {
        let Message::Text(text) = message? else { continue };
        // The packets of Engine.IO 4 and Socket.IO 5: open, ping, connect, event.
        let answer = match text.as_str() {
            "2" => Some("3".to_owned()),
            opened if opened.starts_with('0') => {
                Some(format!("40{}", json!(${json(wish.token ? { token: wish.token } : {})})))
            }
            connected if connected.starts_with("40") => {
                Some(format!("42{}", json!(["joinRoom", ${json({ lobby_id: wish.lobby })}])))
            }
            event if event.starts_with("42") => {
                println!("{}", &event[2..]);
                let frame: Value = serde_json::from_str(&event[2..])?;
                let now = !sent && (frame[0] == ${json(SIGNS[moment(wish.name)])}${when(wish, ' || frame[1]["phase"] == "open"', ' && frame[1]["coefficient"].as_f64() >= Some(1.01)')});
                sent |= now;
                now.then(|| format!("42{}", json!([${json(wish.name)}, ${json(event(wish))}])))
            }
            _ => None,
        };
        if let Some(answer) = answer {
            socket.send(Message::text(answer)).await?;
        }
    }
    Ok(())
}
`;
}
