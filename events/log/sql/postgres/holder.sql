SELECT owner, epoch, position, until > clock_timestamp() FROM lease WHERE role = $1
