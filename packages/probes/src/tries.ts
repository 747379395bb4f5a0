import type { Try } from './targets.ts'
import { fileTries } from './try-files.ts'
import { kernelTries } from './try-kernel.ts'
import { networkTries } from './try-network.ts'
import { processTries } from './try-processes.ts'

/** Every try that is made inside, by its id. */
export const TRIES: Readonly<Record<string, Try>> = { ...fileTries, ...networkTries, ...processTries, ...kernelTries }
