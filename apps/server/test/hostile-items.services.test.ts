import { describe } from 'vitest'
import { onDocker } from './grounds.ts'
import { testsOfHostileItems } from './hostile-items.ts'

describe('a hostile item in Docker', { timeout: 120_000 }, () => testsOfHostileItems(onDocker))
