import { describe } from 'vitest'
import { onDocker } from './grounds.ts'
import { testsOfTheWayOut } from './hostile-network.ts'

describe('what a hostile program in Docker does with its way out', () => testsOfTheWayOut(onDocker))
