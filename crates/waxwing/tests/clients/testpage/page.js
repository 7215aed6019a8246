// The original's test page, rebuilt: every value is a text from a box, and the user id is made up.

const text = (id) => document.getElementById(id).value;
const userId = String(Math.floor(Math.random() * 10000));
let socket;

function show(name, data) {
  const item = document.createElement("li");
  item.textContent = JSON.stringify([name, data]);
  document.getElementById("messages").appendChild(item);
}

function on(id, action) {
  document.getElementById(id).addEventListener("click", action);
}

on("connect", () => {
  // The server's address is in the page's own, as the original had it in its source.
  socket = io(new URLSearchParams(location.search).get("server"), {
    transports: [new URLSearchParams(location.search).get("transport")],
  });
  socket.onAny(show);
  socket.on("connect_error", (error) => show("connect_error", error.message));
});

on("join", () => {
  socket.emit("joinRoom", { lobby_id: text("lobby") });
});

on("bet", () => {
  socket.emit("place_bet", {
    token: text("token"),
    user_id: userId,
    lobby_id: text("lobby"),
    amount: text("amount"),
    coefficient: text("coefficient"),
  });
});

on("withdraw", () => {
  socket.emit("withdraw", { token: text("token"), user_id: userId, lobby_id: text("lobby") });
});
