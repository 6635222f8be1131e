#!/usr/bin/env node
// ONNX Runtime reports usage over the network unless this is set before its first session.
process.env.ORT_DISABLE_TELEMETRY = '1';

let cli;
try {
  cli = await import('../dist/cli/main.js');
} catch (error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.message).includes('dist/cli/main.js')) throw error;
  process.stderr.write('ple is not built yet: run `npm ci && npm run build` in its folder.\n');
  process.exit(1);
}
process.exitCode = await cli.main(process.argv.slice(2));
