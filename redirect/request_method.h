/* SPDX-License-Identifier: Apache-2.0 */
/* Methods, as llhttp numbers them and as they are named: for requests that llhttp does not read. Pure; thread: any. */
#ifndef REDIRECT_REQUEST_METHOD_H
#define REDIRECT_REQUEST_METHOD_H

#include "redirect/request.h"

enum redirect_method redirect_request_method_of(uint8_t llhttp_number);
/* Fills method and method_name, which is static. False: a method nobody implements, 501. */
bool redirect_request_method(struct span name, struct redirect_request *request);

#endif
