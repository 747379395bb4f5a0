import { describe } from 'vitest'
import { onSandbox } from './grounds.ts'
import { testsOfTheWayOut } from './hostile-network.ts'

describe('what a hostile program in the sandbox does with its way out', () => testsOfTheWayOut(onSandbox))
