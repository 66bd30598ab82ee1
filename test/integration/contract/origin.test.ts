import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cloud, startCloud } from '../../setup/cloud.ts';
import { signIn } from '../../setup/sign-in.ts';
import { ConnectionRefused, TestSocket } from '../../setup/socket.ts';

const assembly = join(import.meta.dirname, '../../../dist/cdk.test');

describe('with a list of origins', () => {
  const listed = mkdtempSync(join(tmpdir(), 'notification-origins-'));
  let cloud: Cloud;
  let token: string;

  beforeAll(async () => {
    cpSync(assembly, listed, { recursive: true });
    const template = join(listed, readdirSync(listed).find((file) => file.endsWith('.template.json')) ?? '');
    const text = readFileSync(template, 'utf8');
    const withList = text.replace(
      /"ALLOWED_ORIGINS": ?""/,
      '"ALLOWED_ORIGINS": "https://app.example, http://localhost:3000"',
    );
    expect(withList).not.toBe(text);
    writeFileSync(template, withList);
    cloud = await startCloud({ arguments: ['--assembly', listed] });
    token = (await signIn(cloud.outputs, 'bob')).accessToken;
  });

  afterAll(async () => {
    await cloud.stop();
    rmSync(listed, { recursive: true, force: true });
  });

  async function openFrom(origin: string | undefined): Promise<void> {
    const headers: Record<string, string> = origin === undefined ? {} : { origin };
    const socket = await TestSocket.open(cloud.outputs.webSocketUrl, {}, ['notification.v1', token], headers);
    await socket.close();
  }

  test.each(['https://app.example', 'http://localhost:3000'])('a page of %s may open a socket', (origin) =>
    openFrom(origin),
  );
  test('what is no browser names no origin, and may', () => openFrom(undefined));
  test.each(['https://evil.example', 'https://app.example.evil.example', 'http://app.example', 'null', ''])(
    'a page of %j may not: 403',
    async (origin) => {
      await expect(openFrom(origin)).rejects.toThrow(new ConnectionRefused(403));
    },
  );
});
