import { SeamError } from '@seamark/kit'

/** What a move has left in a namespace. */
export interface MoveMark {
  /** `arriving`: here it comes to, and is not over. `moved`: from here it went away, for good. */
  readonly state: 'arriving' | 'moved'
  /** Names the move on both sides. Empty where a release that gave none, or a caller, left it out. */
  readonly move: string
}

/** Why nobody leads a namespace that a move has not let go of yet. */
export function stillArriving(where: string): SeamError {
  return new SeamError('CONFLICT', `${where} is being moved here, and the move is not over.`, {
    remedy:
      'Call `seamark migrate` again, as before: it goes on. Or remove what has arrived, and stay with the source.',
  })
}

/** Why a move does not come to a namespace. */
export function notEmpty(where: string): SeamError {
  return new SeamError('CONFLICT', `${where} is not empty: nothing can be moved there.`, {
    remedy: 'Move to a namespace, schema or folder that is empty.',
  })
}
