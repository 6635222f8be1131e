import { folderOfFile } from './command.fixture.js';
import { testTranscript } from './transcript.fixture.js';

testTranscript('plugins', folderOfFile());
