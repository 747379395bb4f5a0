import { describe } from 'vitest'
import { onSandbox } from './grounds.ts'
import { testsOfOutcomes } from './outcomes.ts'

describe('an outcome in the sandbox', { timeout: 120_000 }, () => testsOfOutcomes(onSandbox))
