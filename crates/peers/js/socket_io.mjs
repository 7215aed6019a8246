// The package `socket.io` on Node.js.
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { data, EVENT, obey } from './control.mjs';

const http = createServer();
const io = new Server(http);
http.listen(0, '127.0.0.1', () => obey(http.address().port, () => io.emit(EVENT, data)));
