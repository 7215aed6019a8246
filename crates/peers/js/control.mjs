// What every peer in JavaScript has in common: what it sends, and how it is told to. The words are
// those of src/control.rs: a number is so many texts a second from now on, `once` is one text now.
import { createInterface } from 'node:readline';

export const PLAIN = '{"type":"tick","round":17,"elapsed_ms":10000,"multiplier":"1.82"}';
export const EVENT = 'round_opened';
const DATA = '{"lobby_id":1,"round":17,"closes_in_ms":10000}';
export const data = JSON.parse(DATA);

export function obey(port, send) {
  let timer;
  const pace = (apart) => {
    let next = performance.now();
    const turn = () => {
      send();
      // What could not be sent in time is not made up for: that would be a burst.
      next = Math.max(next + apart, performance.now());
      timer = setTimeout(turn, next - performance.now());
    };
    turn();
  };
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      if (line === 'once') return send();
      clearTimeout(timer);
      if (Number(line) > 0) pace(1000 / Number(line));
    })
    .on('close', () => process.exit(0));
  console.log(`ready 127.0.0.1:${port}`);
}
