/** The worker that compares two videos. */
/// <reference lib="webworker" />
import '../thread/requests.ts';
import { expose } from '../thread/rpc.ts';
import { fullReference } from './measure.ts';

expose(fullReference);
