import { expectReport, runBench } from './run-bench.ts';

test('what is billed was delivered', async () => {
  expectReport(await runBench('cost'), ['standard 1', 'FIFO 3', 'FIFO + sequence 3', 'meanRun', 'batchShare']);
});
