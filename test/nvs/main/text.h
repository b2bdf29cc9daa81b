/* Lines of stdin, words, and bytes in hexadecimal. */
#pragma once

#include <string>

/* The next line, without its end; at the end of stdin the program ends on the host. */
std::string line();

/* The first word; what follows it stays in `rest`. */
std::string word(std::string& rest);

std::string from_hex(const std::string& text);
std::string to_hex(const std::string& bytes);
