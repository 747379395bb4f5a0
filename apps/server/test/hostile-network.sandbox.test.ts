import { describe } from 'vitest'
import { onSandbox } from './grounds.ts'
import { testsOfTheWayOut } from './hostile-network.ts'

describe.runIf(process.getuid?.() === 0)('what a hostile program in the sandbox does with its way out (as root)', () =>
  testsOfTheWayOut(onSandbox),
)
