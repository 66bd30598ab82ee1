import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { refuse } from '../../../local/gateway/handshake.ts';

test('a refused handshake is answered, and its socket is gone once the client has left, too', async () => {
  // As node:http has the sockets it hands over: paused, and open until both sides end.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  const gone = once(accepted, 'close');

  refuse(accepted, 403);

  expect(await text(client)).toContain('HTTP/1.1 403 Forbidden');
  await gone;
  server.close();
});
