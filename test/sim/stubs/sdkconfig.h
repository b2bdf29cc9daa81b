/* Nothing is defined, unless by the compiler's options. */
#pragma once
