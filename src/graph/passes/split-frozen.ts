/**
 * Cuts a graph where its frozen bottom ends: what lies below the lowest trained value gives the same result for the same image every
 * time, so it can be computed once and kept. The cut is the last single value through which everything from the images must pass before
 * anything trained touches it: one tensor an image is then all there is to keep.
 */
import { transpose } from '../build.ts';
import { dependents } from '../dependents.ts';
import { transpose } from '../build.ts';
