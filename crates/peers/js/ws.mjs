// The package `ws` on Node.js, as its documentation broadcasts.
import { WebSocket, WebSocketServer } from 'ws';
import { obey, PLAIN } from './control.mjs';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('connection', (socket) => socket.on('error', () => socket.terminate()));
server.on('listening', () =>
  obey(server.address().port, () => {
    for (const client of server.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(PLAIN);
    }
  }),
);
