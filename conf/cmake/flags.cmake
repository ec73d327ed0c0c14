# catchment_flags carries what every file of ours is compiled with; catchment_sanitize alone what foreign sources that we
# compile (llhttp on Debian 12) need too, so that the sanitizers see through them.
include(CheckIPOSupported)
include(CheckPIESupported)

add_library(catchment_sanitize INTERFACE)
add_library(catchment_flags INTERFACE)
target_link_libraries(catchment_flags INTERFACE catchment_sanitize)
target_include_directories(catchment_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(catchment_flags INTERFACE _GNU_SOURCE CATCHMENT_VERSION="${PROJECT_VERSION}")
target_compile_options(catchment_flags INTERFACE
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings
	-Wvla -Wformat=2 -Wundef -fno-strict-aliasing -fno-common)
if(CATCHMENT_WERROR)
	target_compile_options(catchment_flags INTERFACE -Werror)
endif()

if(CATCHMENT_SANITIZE)
	target_compile_options(catchment_sanitize INTERFACE
		-fsanitize=${CATCHMENT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(catchment_sanitize INTERFACE -fsanitize=${CATCHMENT_SANITIZE})
endif()
if(CATCHMENT_FUZZ)
	if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
		message(FATAL_ERROR "CATCHMENT_FUZZ needs libFuzzer: configure with clang, or use the preset fuzz.")
	endif()
	target_compile_options(catchment_sanitize INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Assertions stay in every build: a broken promise ends the process, and the service manager starts it anew.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT CATCHMENT_SANITIZE)
	target_compile_options(catchment_flags INTERFACE
		-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection)
	target_link_options(catchment_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
	check_pie_supported(LANGUAGES C)
	set(CMAKE_POSITION_INDEPENDENT_CODE ON)
	check_ipo_supported(RESULT has_ipo OUTPUT why_not LANGUAGES C)
	set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ${has_ipo})
	if(NOT has_ipo)
		message(STATUS "Without link-time optimisation: this compiler does not support it.")
	endif()
endif()
