import { describe } from 'vitest'
import { onSandbox } from './grounds.ts'
import { testsOfItemServices } from './item-services.ts'

describe('services of an item in a sandbox', { timeout: 120_000 }, () => testsOfItemServices(onSandbox))
