import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { launchBrowser } from '../setup/browser.ts';
import type { Cloud } from '../setup/cloud.ts';
import { TestSocket } from '../setup/socket.ts';
import { until } from '../setup/until.ts';
import { startPatientCloud } from './patient-cloud.ts';

// A browser, a cloud and a neighbouring test file share the machine.
jest.setTimeout(120_000);

const patience = 30_000;

describe('the demo page', () => {
  let cloud: Cloud;
  let browser: Browser;
  let page: Page;
  /** What the browser complained of: scripts that failed, what the policy forbade, files that are missing. */
  let complaints: string[];

  beforeAll(async () => {
    [cloud, browser] = await Promise.all([startPatientCloud(), launchBrowser()]);
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), cloud?.stop()]);
  });

  beforeEach(async () => {
    complaints = [];
    page = await browser.newPage();
    page.setDefaultTimeout(patience);
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.goto(`${cloud.outputs.httpUrl}/`);
    await Promise.all(['bob', 'carol'].map((name) => stateOf(name, 'connected')));
  });
  afterEach(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });

  const person = (name: string): Locator => page.getByRole('region', { name, exact: true });
  const messageOf = (name: string, text: string): Locator => person(name).locator('.message', { hasText: text });
  const stateOf = (name: string, state: string): Promise<void> =>
    person(name).getByRole('status').filter({ hasText: state }).waitFor();

  async function write(name: string, text: string): Promise<void> {
    const input = person(name).getByLabel(`Message from ${name}`);
    await input.fill(text);
    await input.press('Enter');
  }

  /** The numbers beside a person's messages, in the order of the page. */
  async function numbers(name: string): Promise<number[]> {
    return (await person(name).locator('.message .number').allTextContents()).map(Number);
  }

  test('what bob writes carol has, and it unfolds to its frames, the reply among them', async () => {
    const text = '<img src=x onerror=alert(1)> & so on';
    await write('bob', text);
    await messageOf('carol', text).waitFor();
    await person('bob').getByText('Accepted after').waitFor();

    await messageOf('bob', text).locator('summary').click();
    const [request, reply, received] = await framesOf(messageOf('bob', text), 3);
    expect(request).toMatchObject({ action: 'sendMessage', generateSequence: true, payload: { content: text } });
    expect(reply).toMatchObject({ type: 'reply', messageType: 'fifo', messageId: request?.['messageId'] });
    expect(received).toMatchObject({ messageId: request?.['messageId'], content: text });

    await messageOf('carol', text).locator('summary').press('Enter');
    const [frame] = await framesOf(messageOf('carol', text), 1);
    expect(frame).toMatchObject({ chatId: 'chat-123', content: text, sequence: expect.any(Number) });
    expect(frame?.['sqsMetadata']).toMatchObject({ messageGroupId: 'chat-123', retryCount: 0 });
    await person('carol').getByText('Every frame on this socket').click();
    await person('carol').locator('.wire .what', { hasText: 'subscribed' }).first().waitFor();
  });

  test('who was offline catches up from history, in order, before what comes next', async () => {
    await person('carol').getByRole('button', { name: 'Go offline' }).click();
    await stateOf('carol', 'offline');
    for (const text of ['missed one', 'missed two', 'missed three']) await write('bob', text);
    await messageOf('bob', 'missed three').waitFor();
    expect(await messageOf('carol', 'missed').count()).toBe(0);

    await person('carol').getByRole('button', { name: 'Go online' }).click();
    await messageOf('carol', 'missed three').waitFor();
    await write('bob', 'and one more');
    await messageOf('carol', 'and one more').waitFor();
    expect(await person('carol').locator('.message .text').allTextContents()).toEqual(
      await person('bob').locator('.message .text').allTextContents(),
    );
    expect(await messageOf('carol', 'missed').locator('.chip').allTextContents()).toEqual(Array(3).fill('replayed'));
    expect(await person('carol').locator('.note').allTextContents()).toContain('Connected again');
    const shown = await numbers('carol');
    expect(shown).toEqual(shown.map((_number, index) => (shown[0] ?? 0) + index));
  });

  test('what is written offline goes out once online', async () => {
    await person('bob').getByRole('button', { name: 'Go offline' }).click();
    await stateOf('bob', 'offline');
    await write('bob', 'from a tunnel');
    await person('bob').getByText('Waiting for the connection').waitFor();
    await person('bob').getByRole('button', { name: 'Go online' }).click();
    await messageOf('carol', 'from a tunnel').waitFor();
    await person('bob').getByText('Accepted after').waitFor();
  });

  test('ten at once arrive in the order they were written; a standard message comes without a number', async () => {
    await person('bob').getByLabel('Message from bob').fill('row');
    await person('bob').getByRole('button', { name: '× 10' }).click();
    await messageOf('carol', 'row 10').waitFor();
    const rows = await messageOf('carol', 'row').locator('.text').allTextContents();
    expect(rows).toEqual(Array.from({ length: 10 }, (_none, index) => `row ${index + 1}`));

    await person('carol').getByRole('checkbox').uncheck();
    await write('carol', 'no number');
    await messageOf('bob', 'no number').waitFor();
    expect(await messageOf('bob', 'no number').locator('.number').textContent()).toBe('·');
  });

  test('a viewer reads and is refused when she sends; a stranger is refused both', async () => {
    await page.getByText('vera, a viewer').click();
    await write('bob', 'vera may read this');
    await messageOf('vera', 'vera may read this').waitFor();
    await write('vera', 'but not answer');
    await person('vera').getByText('403 Forbidden').waitFor();

    await page.getByText('mallory, a stranger').click();
    await person('mallory').getByText('refused: Forbidden').waitFor();
    await write('mallory', 'let me in');
    await person('mallory').getByText('403 Forbidden').waitFor();
    expect(await messageOf('bob', 'let me in').count()).toBe(0);
    expect(await person('mallory').locator('.message').count()).toBe(0);
  });

  const transfersOf = (name: string): Locator => person(name).locator('.transfer');
  const fileOf = (name: string, file: string): Locator => person(name).locator('.message', { hasText: file });

  /** What a person gets who downloads a file. */
  async function downloaded(name: string, file: string): Promise<Buffer> {
    const started = page.waitForEvent('download');
    await person(name)
      .getByRole('link', { name: `Download ${file}` })
      .click();
    const download = await started;
    expect(download.suggestedFilename()).toBe(file);
    return readFileSync(await download.path());
  }

  test('a file that bob picks carol can keep, byte for byte, under its name', async () => {
    const buffer = randomBytes(300_000);
    const input = person('bob').getByLabel('Send files as bob');
    await input.setInputFiles({ name: 'Übung & (1).bin', mimeType: 'application/x-thing', buffer });
    await person('bob').getByText('Übung & (1).bin: 300 kB in 14 parts accepted').waitFor();
    for (const name of ['carol', 'bob']) {
      expect(Buffer.compare(await downloaded(name, 'Übung & (1).bin'), buffer)).toBe(0);
      expect(await transfersOf(name).count()).toBe(0);
    }
    await fileOf('carol', 'Übung').locator('summary').click();
    const [frame] = await framesOf(fileOf('carol', 'Übung'), 1);
    expect(frame).toMatchObject({ multiPartMetadata: { totalParts: 14, partNumber: 1 } });
    expect(frame).toMatchObject({ multiPartContent: { encoding: 'base64', size: 300_000, name: 'Übung & (1).bin' } });
  });

  test('a picture that is dropped is shown', async () => {
    const drop = await page.evaluateHandle(async () => {
      const canvas = new OffscreenCanvas(64, 48);
      canvas.getContext('2d')?.fillRect(8, 8, 32, 32);
      const transfer = new DataTransfer();
      transfer.items.add(new File([await canvas.convertToBlob()], 'square.png', { type: 'image/png' }));
      return transfer;
    });
    await person('carol').dispatchEvent('dragover', { dataTransfer: drop });
    expect(await person('carol').getAttribute('data-dropping')).toBe('');
    await person('carol').dispatchEvent('drop', { dataTransfer: drop });
    const picture = person('bob').getByRole('img', { name: 'square.png' });
    await picture.waitFor();
    await until('the picture is shown', () => picture.evaluate((image: HTMLImageElement) => image.naturalWidth === 64));
    expect(await person('carol').getAttribute('data-dropping')).toBeNull();
  });

  test('who goes offline while a file comes has it once online; what is sent can be cancelled', async () => {
    const buffer = randomBytes(1_000_000);
    await person('bob').getByLabel('Send files as bob').setInputFiles({ name: 'long.bin', mimeType: '', buffer });
    await transfersOf('carol').getByRole('progressbar', { name: 'Receiving long.bin' }).waitFor();
    await person('carol').getByRole('button', { name: 'Go offline' }).click();
    await person('bob').getByText('long.bin: 1 MB in 45 parts accepted').waitFor();
    await person('carol').getByRole('button', { name: 'Go online' }).click();
    expect(Buffer.compare(await downloaded('carol', 'long.bin'), buffer)).toBe(0);

    await person('carol').getByRole('button', { name: 'Go offline' }).click();
    await person('carol').getByLabel('Send files as carol').setInputFiles({ name: 'never.bin', mimeType: '', buffer });
    await person('carol').getByRole('button', { name: 'Cancel: Sending never.bin' }).click();
    await person('carol').getByText('never.bin was not sent: cancelled').waitFor();
    expect(await transfersOf('carol').count()).toBe(0);
  });

  test('a viewer is refused when she sends a file, and so is one that is too large', async () => {
    await page.getByText('vera, a viewer').click();
    await stateOf('vera', 'connected');
    const buffer = Buffer.from('no');
    await person('vera').getByLabel('Send files as vera').setInputFiles({ name: 'no.txt', mimeType: '', buffer });
    await person('vera').getByText('403 Forbidden').waitFor();
    const large = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(23_000_000)], 'large.bin'));
      return transfer;
    });
    await person('bob').dispatchEvent('drop', { dataTransfer: large });
    await person('bob').getByText('The content takes 23000000 bytes: at most').waitFor();
    expect(await transfersOf('bob').count()).toBe(0);
  });

  test('the chat’s last messages are there when the page opens', async () => {
    const bob = await TestSocket.openAs(cloud.outputs, 'bob');
    const payload = { chatId: 'chat-123', eventType: 'chat', content: 'written before' };
    const fifo = { messageType: 'fifo', generateSequence: true };
    await bob.request({ action: 'sendMessage', targetChannel: 'WebSocket', ...fifo, payload });
    await bob.close();
    await messageOf('carol', 'written before').last().waitFor();
    await page.reload();
    await messageOf('carol', 'written before').last().waitFor();
  });

  test('it fits a phone, and needs nothing from elsewhere', async () => {
    const requested: string[] = [];
    page.on('request', (request) => requested.push(new URL(request.url()).origin));
    await page.setViewportSize({ width: 320, height: 640 });
    await page.reload();
    await stateOf('carol', 'connected');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    expect(new Set(requested)).toEqual(new Set([cloud.outputs.httpUrl]));
  });

  test('it has a strict policy, tells no more than it needs, and leaves the HTTP API its paths', async () => {
    const at = (path: string, method = 'GET'): Promise<Response> => fetch(cloud.outputs.httpUrl + path, { method });
    const policy = (await at('/')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain('unsafe');
    const outputs = (await (await at('/demo/outputs.json')).json()) as Record<string, unknown>;
    expect(Object.keys(outputs).sort()).toEqual(['chatId', 'clientId', 'people', 'webSocketPath']);
    const { people } = outputs as { people: { username: string }[] };
    expect(people.map(({ username }) => username)).toEqual(['bob', 'carol', 'vera', 'mallory']);
    expect((await at('/demo/person.ts')).status).toBe(404);
    expect((await at('/', 'POST')).status).toBe(405);
    expect((await at('/publish', 'POST')).status).toBe(401);
    expect(await (await at('/elsewhere')).json()).toEqual({ message: 'Not Found' });
  });

  async function framesOf(message: Locator, count: number): Promise<Record<string, unknown>[]> {
    await message
      .locator('pre')
      .nth(count - 1)
      .waitFor();
    const texts = await message.locator('pre').allTextContents();
    return texts.map((text) => JSON.parse(text) as Record<string, unknown>);
  }
});
