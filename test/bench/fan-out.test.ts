import { expectReport, runBench } from './run-bench.ts';

test('every connection gets every message once, whichever way it is posted', async () => {
  expectReport(await runBench('fan-out'), [
    'cpuPerPostMicroseconds',
    'serviceToBare',
    'sdkToService',
    'postsPerSecond',
    'liveMegabytesFew',
    'liveMegabytesMany',
  ]);
});
