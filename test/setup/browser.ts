import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const root = join(import.meta.dirname, '../..');

/** Browsers that a system's packages put there. */
const installed = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

type Launch = { executablePath: string; env?: Record<string, string> };

/**
 * Launches a headless Chromium: on Linux x64 the one that `npm ci` brings, elsewhere or failing that one that is installed.
 * @throws Error saying what to install
 */
export async function launchBrowser(): Promise<Browser> {
  const failures: unknown[] = [];
  for (const { executablePath, env } of [...packagedBrowser(), ...installedBrowsers()]) {
    try {
      return await chromium.launch({
        executablePath,
        env: { ...definedEnvironment(), ...env },
        args: ['--disable-gpu', '--disable-background-networking', '--no-first-run'],
      });
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(
    failures,
    `No browser for the browser tests. Install one, such as with apt-get install chromium.\n${failures.join('\n')}`,
  );
}

/** With the system's libraries, then with its own: a minimal system lacks some (NSS), an old one cannot load them. */
function packagedBrowser(): Launch[] {
  if (process.platform !== 'linux' || process.arch !== 'x64') return [];
  const folder = unpackedBrowser();
  const executablePath = join(folder, 'chromium');
  const fonts: Record<string, string> = existsSync('/etc/fonts/fonts.conf')
    ? {}
    : { FONTCONFIG_FILE: join(folder, 'fonts.conf') };
  return [
    { executablePath, env: fonts },
    { executablePath, env: { ...fonts, LD_LIBRARY_PATH: join(folder, 'al2023/lib') } },
  ];
}

function installedBrowsers(): Launch[] {
  return installed.filter((path) => existsSync(path)).map((executablePath) => ({ executablePath }));
}

/** The folder of the unpacked browser. Test files run side by side: whoever is first moves a complete one into place. */
function unpackedBrowser(): string {
  const manifest = join(root, 'node_modules/@sparticuz/chromium/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const folder = join(root, 'node_modules/.cache/test-browser', version);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const unpacked = mkdtempSync(`${folder}-`);
  execFileSync(process.execPath, [join(import.meta.dirname, 'unpack-browser.ts')], {
    env: { ...process.env, NODE_OPTIONS: '', TMPDIR: unpacked },
  });
  try {
    renameSync(unpacked, folder);
  } catch (error) {
    rmSync(unpacked, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
