import { describe } from 'vitest'
import { onSandbox } from './grounds.ts'
import { testsOfParkedBudgets } from './parked-budgets.ts'

describe('a plan with a budget in the sandbox', { timeout: 120_000 }, () => testsOfParkedBudgets(onSandbox))
