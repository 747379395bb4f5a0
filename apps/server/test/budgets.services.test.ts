import { describe } from 'vitest'
import { onDocker } from './grounds.ts'
import { testsOfParkedBudgets } from './parked-budgets.ts'

describe('a plan with a budget in Docker', { timeout: 120_000 }, () => testsOfParkedBudgets(onDocker))
