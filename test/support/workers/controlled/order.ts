/** Owns what a test may tell a node to do with a call. A call whose order never comes hangs. */

export type Order = 'serve' | 'throw' | 'be overloaded' | 'abort' | 'load, then abort'
