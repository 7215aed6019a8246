// Every text of the console.

export const messages = {
  name: "Waxwing",
  title: "API console",
  lead: "Everything here goes to this server, as your own client would send it. Play a whole round: log in, connect, join, bet, cash out.",
  play: "Play",
  documents: "Documents",
  tabs: { plain: "Plain WebSocket", socket_io: "Socket.IO", http: "HTTP" },
  you: {
    title: "Who you are",
    name: "Name",
    password: "Password",
    register: "Create account",
    logIn: "Log in",
    topUp: "Top up 100",
    token: "Access token",
    none: "Log in, or paste one",
  },
  socket: {
    connect: "Connect",
    disconnect: "Disconnect",
    states: { closed: "Not connected", connecting: "Connecting …", open: "Connected" },
    greet: "Then sign in at once with the token, or follow lobby 1 without one",
    heard: (lobby: number | string, round: number | string, phase: string) =>
      `Lobby ${lobby}, round ${round}: ${phase}`,
    nothing: "Nothing heard yet",
    phases: {
      open: "bets are open",
      locked: "bets are closed",
      running: "climbing",
      crashed: "crashed",
      settled: "decided",
      voided: "called off",
      interrupted: "interrupted",
    } as Record<string, string>,
  },
  form: {
    messages: "Messages you may send",
    send: "Send",
    fresh: "New",
    optional: "optional",
    code: "Copy as",
    copied: "Copied",
    shown:
      "What the code does: it connects, signs in, joins and sends this message when its time has come.",
  },
  log: {
    title: "Frames",
    clear: "Clear",
    ticks: "Show ticks",
    empty: "What goes out and comes in stands here, with its time.",
    sent: "sent",
    received: "received",
    note: "note",
  },
  refused: "The server did not answer",
};
