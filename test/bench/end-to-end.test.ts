import { expectReport, runBench } from './run-bench.ts';

test('messages of every kind arrive, with the latencies of AWS and without', async () => {
  expectReport(await runBench('end-to-end'), [
    'standardP50',
    'standardP95',
    'standardP99',
    'FIFOP95',
    'FIFOAndsequenceP95',
  ]);
});
