// The contract of backends, kept by the addon.
import { loadNative } from '../../lib/backend/native.js';
import { describeBackend } from './backend.case.js';

describeBackend('native', loadNative);
