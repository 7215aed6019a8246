// Bun's own server, uWebSockets inside: everyone subscribes to a topic.
import { obey, PLAIN } from './control.mjs';

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: (request, server) =>
    server.upgrade(request) ? undefined : new Response('sockets only', { status: 400 }),
  websocket: { perMessageDeflate: false, open: (socket) => socket.subscribe('lobby'), message() {} },
});
obey(server.port, () => server.publish('lobby', PLAIN));
