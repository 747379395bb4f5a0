import { describe } from 'vitest'
import { onSandbox } from './grounds.ts'
import { testsOfHostileItems } from './hostile-items.ts'

describe('a hostile item in the sandbox', { timeout: 120_000 }, () => testsOfHostileItems(onSandbox))
