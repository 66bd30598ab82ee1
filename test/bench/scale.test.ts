import { expectReport, runBench } from './run-bench.ts';

test('real and simulated subscribers get every message in order, and every client comes back', async () => {
  expectReport(await runBench('scale'), [
    'secondsToLastOfMost',
    'postsInBusiestSecond',
    'secondsUntilAllAreBack',
    'triesPerClient',
    'sockets',
    'socketsLastSeconds',
  ]);
});
