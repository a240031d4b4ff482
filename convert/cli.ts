/** `npm run convert -- CHECKPOINT OUT`. */
import { runConvert } from './command.node.ts';

process.exitCode = await runConvert(process.argv.slice(2), 'npm run convert --');
