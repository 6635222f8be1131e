import { execFile } from 'node:child_process';

/** The stdout of a system tool. Null: it is not installed, failed, or did not end. */
export function run(file: string, words: readonly string[], timeoutSeconds = 20): Promise<string | null> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      words,
      { env: lookingEnvironment(), encoding: 'utf8', windowsHide: true, maxBuffer: 2 ** 24, killSignal: 'SIGKILL' },
      (error, stdout) => {
        clearTimeout(timer);
        resolve(error ? null : stdout);
      },
    );
    const timer = setTimeout(() => {
      resolve(null); // without waiting: a process stuck in a driver does not end, and its children may hold its pipes
      child.kill('SIGKILL');
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
    }, 1000 * timeoutSeconds);
  });
}

/** Environment of a process that only detects devices. Mesa's drivers then leave nothing in the user's cache folder. */
export function lookingEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, MESA_SHADER_CACHE_DISABLE: 'true' };
}
