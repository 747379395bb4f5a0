import { describe } from 'vitest'
import { onDocker } from './grounds.ts'
import { testsOfItemServices } from './item-services.ts'

describe('services of an item in Docker', { timeout: 120_000 }, () => testsOfItemServices(onDocker))
