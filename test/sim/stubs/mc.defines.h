/* Nothing is defined: the manifest's `defines` of an image with a radio. */
#pragma once
