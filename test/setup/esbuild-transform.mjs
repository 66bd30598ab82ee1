import { transformSync } from 'esbuild';

/** Jest transform: strips types with esbuild and keeps ES modules, so tests load what Node would load. */
export default {
  process(source, filename) {
    const { code, map } = transformSync(source, {
      loader: 'ts',
      format: 'esm',
      target: 'node24',
      sourcemap: 'external',
      sourcefile: filename,
    });
    return { code, map: JSON.parse(map) };
  },
};
