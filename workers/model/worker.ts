import '../requests.ts';
import { expose } from '../rpc.ts';
import { ModelSession } from './model-session.ts';

expose(new ModelSession());
