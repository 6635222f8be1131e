import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Starts headless Chromium. Ends the program if there is none. */
export async function openChromium(): Promise<Browser> {
  const executable = [
    process.env.CHROMIUM,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ].find((path) => path !== undefined && existsSync(path));
  if (executable === undefined) {
    console.error(
      'There is no Chromium: install it (Debian: apt install chromium) or name one in the environment variable CHROMIUM.',
    );
    process.exit(2);
  }
  return chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
}
