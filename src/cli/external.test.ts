import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderOfFile } from './command.fixture.js';
import { testTranscript } from './transcript.fixture.js';

const folder = folderOfFile();
mkdirSync(join(folder, 'node_modules'));
const hyparquet = dirname(dirname(fileURLToPath(import.meta.resolve('hyparquet'))));
symlinkSync(hyparquet, join(folder, 'node_modules/hyparquet'));
copyFileSync(join(import.meta.dirname, 'external.fixture.mjs'), join(folder, 'predict.mjs'));

testTranscript('external', folder);
