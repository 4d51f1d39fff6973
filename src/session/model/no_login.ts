import { StartError } from "../../errors.ts";

/** Nobody was logged in, so nothing could be started on the other side. */
export class NoLogin extends StartError {
  override name = "NoLogin";
}
