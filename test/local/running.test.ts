import { Running } from '../../local/cloud/running.ts';

describe('what is running', () => {
  let stopped: string[];
  const part = (name: string) => ({ name, stop: async () => void stopped.push(name) });

  beforeEach(() => {
    stopped = [];
  });

  it('is stopped once, what began last first', async () => {
    const running = new Running();
    running.add(part('tables'));
    running.add(part('edge'));
    running.add(part('functions'));
    await running.stop();
    await running.stop();
    expect(stopped).toEqual(['functions', 'edge', 'tables']);
  });

  it('has what started beside something that did not', async () => {
    const running = new Running();
    const late = new Promise<ReturnType<typeof part>>((resolve) => setImmediate(() => resolve(part('late'))));
    const starting = running.addAll([Promise.resolve(part('early')), Promise.reject(new Error('Port taken')), late]);
    await expect(starting).rejects.toThrow('Port taken');
    await running.stop();
    expect(stopped).toEqual(['late', 'early']);
  });
});
